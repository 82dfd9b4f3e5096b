/** The element of index.html with this id; the page is broken without it, so its absence is a bug. */
export function element<T extends Element>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new Error(`index.html has no ${type.name} with the id ${id}.`);
  }
  return found;
}
