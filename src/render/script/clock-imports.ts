/**
 * The engine asks its host for the time and for the time zone; here time stands still and the zone is UTC, so that any
 * node renders the same at any time. The imports have minified names, so they are known by what they do: a build in
 * which they cannot be told is refused.
 */
export function standStill(imports: WebAssembly.Imports, time: { readonly now: number }): WebAssembly.Imports {
  const { a: given } = imports;
  const memory = given?.['a'];
  if (given === undefined || !(memory instanceof WebAssembly.Memory)) throw new Error(UNKNOWN_BUILD);
  const patched = {
    ...given,
    [nameOf(given, /Date\.now\(\)/)]: () => time.now,
    [nameOf(given, /\.getMinutes\(\)/)]: (seconds: bigint, at: number) => {
      writeUtc(new DataView(memory.buffer, at, TM_BYTES), Number(seconds) * 1_000);
    },
  };
  return { ...imports, a: patched };
}

const UNKNOWN_BUILD = 'this build of QuickJS asks for the time in an unknown way';

function nameOf(imports: WebAssembly.ModuleImports, source: RegExp): string {
  const [name, ...others] = Object.keys(imports).filter((key) => {
    const value = imports[key];
    return typeof value === 'function' && source.test(Function.prototype.toString.call(value));
  });
  if (name === undefined || others.length > 0) throw new Error(UNKNOWN_BUILD);
  return name;
}

const TM_BYTES = 40;

/** C's `struct tm` as 32-bit fields: seconds to year, weekday, day of the year, daylight saving, offset from UTC. */
function writeUtc(tm: DataView, epochMs: number): void {
  const date = new Date(epochMs);
  const newYear = Date.UTC(date.getUTCFullYear(), 0, 1);
  const fields = [
    date.getUTCSeconds(),
    date.getUTCMinutes(),
    date.getUTCHours(),
    date.getUTCDate(),
    date.getUTCMonth(),
    date.getUTCFullYear() - 1900,
    date.getUTCDay(),
    Math.floor((epochMs - newYear) / 86_400_000),
    0,
    0,
  ];
  for (const [index, value] of fields.entries()) tm.setInt32(4 * index, value, true);
}
