/** With their places, which tell apart what may be there twice and never moves. */
export const numbered = <T>(items: readonly T[]): { readonly at: number; readonly item: T }[] =>
  items.map((item, at) => ({ at, item }));
