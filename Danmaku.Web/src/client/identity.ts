/** Where the identity is kept that a server gives to people without a token. */
export interface IdentityStore {
  /** Null when there is none. */
  load(): string | null;
  save(identity: string): void;
}

/** Keeps it in the browser. Where that is not allowed, this page has it for as long as it is open. */
export function browserIdentity(storage: () => Pick<Storage, 'getItem' | 'setItem'> = () => localStorage): IdentityStore {
  const key = 'danmaku-identity';
  let kept: string | null = null;
  return {
    load() {
      try {
        kept = storage().getItem(key) ?? kept;
      } catch {
        // A browser that keeps nothing for this page throws.
      }
      return kept;
    },
    save(identity) {
      kept = identity;
      try {
        storage().setItem(key, identity);
      } catch {
        // As above, or there is no room.
      }
    },
  };
}
