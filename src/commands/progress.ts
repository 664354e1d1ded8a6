import { type Bar, Presets, SingleBar } from 'cli-progress';

/** Shows how far something is, on standard error so that standard output stays data. */
export interface Progress {
  /** `done` of `total`; `note` is a few words beside it. */
  update(done: number, total: number, note: string): void;
  stop(): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A bar on a terminal, a plain line now and then in a pipe. */
export function openProgress(label: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? openBar(label, stream) : openLines(label, stream);
}

export const NO_PROGRESS: Progress = { update() {}, stop() {} };

function openBar(label: string, stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar(
    { format: `${label} {bar} {percentage} % | {value}/{total} | {note}`, stream, hideCursor: true, barsize: 30 },
    Presets.shades_classic,
  );
  let started: Bar | null = null;
  return {
    update(done, total, note) {
      if (started === null) {
        bar.start(total, done, { note });
        started = bar;
        return;
      }
      bar.setTotal(total);
      bar.update(done, { note });
    },
    stop: () => bar.stop(),
  };
}

const LINE_EVERY_PERCENT = 10;

export function openLines(label: string, stream: ProgressStream): Progress {
  let nextPercent = 0;
  return {
    update(done, total, note) {
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
      if (percent < nextPercent) return;
      nextPercent = Math.floor(percent / LINE_EVERY_PERCENT + 1) * LINE_EVERY_PERCENT;
      stream.write(`${label}: ${percent} % (${done} of ${total}), ${note}\n`);
    },
    stop() {},
  };
}
