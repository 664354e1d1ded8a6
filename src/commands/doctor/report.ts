import { explain } from '../explain.ts';

/** What a check found in order, in words; or what is not wrong enough to keep a server from running. */
export type Finding = string | { readonly warning: string };

export interface Line {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'failed';
  /** What is so; of a warning or a failure, with what to do about it. */
  readonly sentence: string;
}

const SIGNS: Readonly<Record<Line['verdict'], string>> = { ok: '✓', warning: '!', failed: '✗' };

/** Prints a line for each check as it ends, or all of it as JSON at the end. */
export class Report {
  readonly #lines: Line[] = [];
  readonly #asJson: boolean;

  constructor({ asJson }: { readonly asJson: boolean }) {
    this.#asJson = asJson;
  }

  get healthy(): boolean {
    return this.#lines.every(({ verdict }) => verdict !== 'failed');
  }

  async check(name: string, run: () => Finding | Promise<Finding>): Promise<void> {
    await this.read(name, run, (finding) => finding);
  }

  /** What was read; null when that failed, with every sentence in the report. */
  async read<T>(name: string, run: () => T | Promise<T>, describe: (found: T) => Finding): Promise<T | null> {
    try {
      const found = await run();
      const finding = describe(found);
      if (typeof finding === 'string') this.#add({ check: name, verdict: 'ok', sentence: finding });
      else this.#add({ check: name, verdict: 'warning', sentence: finding.warning });
      return found;
    } catch (error) {
      for (const sentence of explain(error).sentences) this.#add({ check: name, verdict: 'failed', sentence });
      return null;
    }
  }

  end(): void {
    if (this.#asJson) console.log(JSON.stringify({ healthy: this.healthy, checks: this.#lines }, null, 2));
  }

  #add(line: Line): void {
    this.#lines.push(line);
    if (!this.#asJson) console.log(`${SIGNS[line.verdict]} ${line.check}: ${line.sentence}`);
  }
}
