import { describe, expect, it } from 'vitest';
import { parseAst } from 'vite';

/** Small enough to be read at once; CONTRIBUTING.md says the same of C#. */
const MOST_LINES = 400;
const MOST_COLUMNS = 160;
const MOST_FUNCTION_LINES = 40;

interface Part {
  start: number;
  end: number;
}

const sources = Object.entries(
  import.meta.glob<string>('../src/**/*.ts', { query: '?raw', import: 'default', eager: true }),
);

/** Every function of a file, also those within others. */
function functionsOf(value: unknown): Part[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const inside = Object.values(value).flatMap(functionsOf);
  return isFunction(value) ? [value, ...inside] : inside;
}

function isFunction(value: object): value is Part {
  return 'type' in value && /^(ArrowFunctionExpression|Function(Declaration|Expression))$/.test(String(value.type));
}

describe('the size of', () => {
  it('what is looked at is not nothing', () => expect(sources.length).toBeGreaterThan(30));

  it.each(sources)('%s', (_, text) => {
    const lines = text.split('\n');
    expect(lines.length - 1).toBeLessThanOrEqual(MOST_LINES);
    expect(lines.filter((line) => line.length > MOST_COLUMNS)).toEqual([]);

    const long = functionsOf(parseAst(text, { lang: 'ts' }))
      .map(({ start, end }) => ({ line: text.slice(0, start).split('\n').length, lines: text.slice(start, end).split('\n').length }))
      .filter((each) => each.lines > MOST_FUNCTION_LINES);
    expect(long).toEqual([]);
  });
});
