/** What must never be said where it is heard. A secret nowhere, what is a person's not where operators look. */
export type CanaryKind = 'secret' | 'personal';

/** Where something was heard. Answers go to whoever asked and may know people; the others go to whoever runs it. */
export type Ear = 'output' | 'log' | 'trace' | 'metrics' | 'audit' | 'answer' | 'database';

const MAY_BE_PERSONAL: ReadonlySet<Ear> = new Set(['answer', 'database']);
/** Any compact token at all, whoever made it. */
const TOKEN = /\beyJ[\w-]{10,}\.[\w-]{10,}/;

/** Texts that were put where secrets and people are, and all that was said afterwards. */
export class Canaries {
  readonly #planted = new Map<string, { readonly name: string; readonly kind: CanaryKind }>();
  readonly #heard: { readonly ear: Ear; readonly where: string; readonly text: string }[] = [];

  /** Answers it, so that it can be planted where it is written. */
  plant(kind: CanaryKind, name: string, text: string): string {
    if (text.length < 6) throw new Error(`${name} is too short to be told from other texts`);
    this.#planted.set(text, { name, kind });
    return text;
  }

  /** `shows`: what this one answer is there to show, which is a canary everywhere else from now on. */
  hear(ear: Ear, where: string, text: string, shows: readonly string[] = []): void {
    for (const shown of shows) this.plant('secret', `what ${where} showed`, shown);
    this.#heard.push({ ear, where, text: shows.reduce((rest, shown) => rest.replaceAll(shown, ''), text) });
  }

  /** How many texts, of how many characters. */
  get extent(): { readonly planted: number; readonly heard: number; readonly chars: number } {
    const chars = this.#heard.reduce((sum, { text }) => sum + text.length, 0);
    return { planted: this.#planted.size, heard: this.#heard.length, chars };
  }

  /** Which ears heard something, and how often. */
  earsUsed(): ReadonlySet<Ear> {
    return new Set(this.#heard.filter(({ text }) => text !== '').map(({ ear }) => ear));
  }

  /** Each with the name of what was heard, never with its text. */
  findings(): string[] {
    return [...new Set(this.#heard.flatMap((heard) => this.#findIn(heard)))];
  }

  #findIn({ ear, where, text }: { readonly ear: Ear; readonly where: string; readonly text: string }): string[] {
    const said = [...this.#planted].filter(
      ([planted, { kind }]) => (kind === 'secret' || !MAY_BE_PERSONAL.has(ear)) && isSaid(text, planted),
    );
    const names = said.map(([, { name }]) => name);
    if (ear !== 'answer' && ear !== 'database' && TOKEN.test(text)) names.push('some token');
    return names.map((name) => `${name} in ${ear} ${where}`);
  }
}

/** As it is, as URLs have it, and as JSON has it. */
const isSaid = (text: string, planted: string): boolean =>
  [planted, encodeURIComponent(planted), JSON.stringify(planted).slice(1, -1)].some((spelling) =>
    text.includes(spelling),
  );
