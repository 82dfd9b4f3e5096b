/** Close codes after which trying again would only fail again (docs/protocol.md, section 7), in words for the user. */
const FINAL = new Map<number, string>([
  [1002, 'This page and the server do not understand each other.'],
  [1003, 'This page and the server do not understand each other.'],
  [1007, 'This page and the server do not understand each other.'],
  [1009, 'This page sent more than the server takes.'],
  [4001, 'This page and the server do not understand each other.'],
  [4002, 'This page and the server do not understand each other.'],
  [4003, 'You were not admitted to this room.'],
]);

const NOT_ADMITTED = 'not admitted: ';

/** What to tell the user, or null when the client should come back. Codes nobody knows yet are ones to come back from. */
export function finalReason(code: number, reason: string): string | null {
  const text = FINAL.get(code) ?? null;
  return text !== null && reason.startsWith(NOT_ADMITTED) ? `${text.slice(0, -1)}: ${reason.slice(NOT_ADMITTED.length)}.` : text;
}

/** No Close frame arrived (RFC 6455 §7.1.5); also what we say of a connection that we gave up on. */
export const ABNORMAL = 1006;

/** What we close a connection with that does not answer: the server's own word for the same thing. */
export const NO_ANSWER = 4008;

/** The token has ended: worth coming back only with another one. */
export const TOKEN_EXPIRED = 4004;
