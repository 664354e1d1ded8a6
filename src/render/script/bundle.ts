import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const here = createRequire(import.meta.url);

/** What scripts may load: the file of each package that carries it, and what it needs to be there before. */
export const LIBRARIES: Readonly<Record<string, { readonly entry: string; readonly after?: string }>> = {
  rrule: { entry: 'rrule/dist/es5/rrule.min.js' },
  moment: { entry: 'moment/min/moment.min.js' },
  momenttz: { entry: 'moment-timezone/builds/moment-timezone-with-data-1970-2030.min.js', after: 'moment' },
  xml2js: { entry: 'xml2js' },
  hash: { entry: 'hash.js' },
  _: { entry: 'lodash/lodash.min.js' },
};

/** An expression that evaluates to the table the prelude's `provide` takes, and the id of its entry. */
export interface Bundle {
  readonly source: string;
  readonly entry: string;
}

const bundles = new Map<string, Bundle>();

/** A library's CommonJS modules as one text, read from its package when it is first wanted. */
export function bundleOf(name: string): Bundle | null {
  const known = bundles.get(name);
  const library = Object.hasOwn(LIBRARIES, name) ? LIBRARIES[name] : undefined;
  if (known !== undefined || library === undefined) return known ?? null;
  const modules = new Map<string, string>();
  const entry = collect(here.resolve(library.entry), modules);
  const bundle = { source: `({${[...modules.values()].join(',\n')}})`, entry };
  bundles.set(name, bundle);
  return bundle;
}

const REQUIRE = /\brequire\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Follows every `require` with a literal name; what is Node's own or missing is left for the prelude to answer. */
function collect(path: string, modules: Map<string, string>): string {
  const id = idOf(path);
  if (modules.has(id)) return id;
  modules.set(id, '');
  const body = readFileSync(path, 'utf8');
  const from = createRequire(path);
  const paths: Record<string, string> = {};
  for (const [, name = ''] of body.matchAll(REQUIRE)) {
    const target = resolve(from, name);
    if (target !== null) paths[name] = collect(target, modules);
  }
  const head = `${JSON.stringify(id)}: [function (module, exports, require) {`;
  modules.set(id, `${head}${body}\n}, ${JSON.stringify(paths)}]`);
  return id;
}

function resolve(from: NodeJS.Require, name: string): string | null {
  try {
    const path = from.resolve(name);
    return path.endsWith('.js') ? canonical(path) : null;
  } catch {
    return null;
  }
}

/** moment-timezone must find the very moment that `koreUtil.moment` is, whichever of its builds that is. */
const canonical = (path: string): string =>
  path === here.resolve('moment') ? here.resolve(LIBRARIES['moment']?.entry ?? '') : path;

/** A module's name inside the sandbox: where it lies in node_modules, and nothing of where that is. */
const idOf = (path: string): string => path.split(/[\\/]node_modules[\\/]/).at(-1) ?? '';

let localeNames: ReadonlySet<string> | null = null;

/** The source of one of moment's locales as a function expression; null when there is none of that name. */
export function localeSource(name: string): string | null {
  const folder = join(dirname(here.resolve('moment')), 'locale');
  localeNames ??= new Set(readdirSync(folder));
  if (!localeNames.has(`${name}.js`)) return null;
  return `(function (module, exports, require) {${readFileSync(join(folder, `${name}.js`), 'utf8')}\n})`;
}
