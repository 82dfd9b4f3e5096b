import type { Position, Size } from '../client/messages';
import type { Flight } from './overlay';

/** A row is half a line of `medium`, so that sizes can stand close without touching. */
export const LOOKS: Readonly<Record<Size, { readonly scale: number; readonly rows: number }>> = {
  small: { scale: 0.78, rows: 2 },
  medium: { scale: 1, rows: 2 },
  large: { scale: 1.4, rows: 3 },
};

/** The element of one danmaku. Its text is set as text. */
export function createItem(flight: Flight): HTMLElement {
  const item = document.createElement('div');
  const look = LOOKS[flight.size];
  item.className = `danmaku-item mode-${flight.mode}`;
  item.classList.toggle('own', flight.own);
  item.classList.toggle('dark', isDark(flight.color));
  item.dataset['offset'] = String(flight.position.offset);
  item.dataset['position'] = positionKey(flight.position);
  item.dir = 'auto';
  item.style.setProperty('--color', flight.color);
  item.style.setProperty('--scale', String(look.scale));
  item.style.setProperty('--rows', String(look.rows));
  item.textContent = flight.text;
  return item;
}

export function positionKey(position: Position): string {
  return `${position.epoch}/${position.offset}`;
}

/** Whether a colour needs a light outline instead of a dark one (relative luminance, WCAG 2.2, below 12 %). */
export function isDark(color: string): boolean {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.12;
}
