/** One of a stream of server-sent events. */
export interface ServerSentEvent {
  /** Empty: it has none. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/**
 * The events of a `text/event-stream` (WHATWG HTML 9.2.6), as they arrive. `onLine` hears of every line, also of those
 * that only say that somebody is there. An event that is not whole when the stream ends is none.
 */
export async function* readEvents(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void = () => {},
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let fields = new Map<string, string>();
  for await (const line of linesOf(stream)) {
    onLine(line);
    if (line === '') {
      const data = fields.get('data');
      if (data !== undefined) yield { id: fields.get('id') ?? '', event: fields.get('event') ?? 'message', data };
      fields = new Map();
      continue;
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    const before = name === 'data' ? fields.get('data') : undefined;
    fields.set(name, before === undefined ? value : `${before}\n${value}`);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  // Not `for await`: Safari cannot iterate over a stream.
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + decoder.decode(part.value, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } finally {
    await reader.cancel();
  }
}
