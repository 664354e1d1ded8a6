/*
 * Evaluated first in every context, inside the sandbox, and handed the value of libraries.js. What it returns is what our
 * side of the sandbox calls; a script can reach only `print`, `koreUtil` and the two silent loggers. Everything goes in
 * and out as text. Nothing in here protects our side: a script may bend its own world as it likes, and whatever comes
 * out is read as hostile.
 *
 * What a script asks for and is not there yet (a library, a locale, what Intl says) is noted as a need. Our side
 * provides it as more text and renders once more, so nothing in the sandbox ever calls out.
 */
({ substitutes, finish }) => {
  const { parse, stringify } = JSON;
  const { apply, deleteProperty, ownKeys } = Reflect;
  const { assign, create, defineProperty, getOwnPropertyDescriptor } = Object;
  const { includes, slice } = String.prototype;
  const { imul } = Math;
  // Our side counts again, in bytes.
  const MAX_OUTPUT = 65536;
  const MAX_SHOWN = 500;
  const MISSING = new Error('not loaded yet');

  let context = null;
  let output = '';
  let isTooLong = false;
  let needs = '';
  let random = 0;
  let moment = null;
  const libraries = create(null);
  const modules = create(null);
  const answers = create(null);

  // --- what a script may call

  function print(value) {
    const text = show(value);
    isTooLong ||= output.length + text.length > MAX_OUTPUT;
    if (isTooLong) throw new RangeError('printed too much');
    output += text;
  }

  function show(value) {
    if (typeof value === 'string') return value;
    return (typeof value === 'bigint' ? undefined : stringify(value)) ?? `${value}`;
  }

  const koreUtil = {
    getSessionId: () => context.session.BotUserSession.conversationSessionId,
  };
  for (const name of ['rrule', 'moment', 'momenttz', 'xml2js', 'hash', '_']) {
    defineProperty(koreUtil, name, { enumerable: true, get: () => libraries[name] ?? need(`library:${name}`) });
  }
  for (const name of [
    'getCurrentOptions',
    'getAmbiguousIntents',
    'getSunshineConversationsMetadata',
    'getFormDefinition',
    'ClearAuthProfiles',
    'ClearAllAuthProfiles',
    'closeConversationSession',
    'autoTranslate',
  ]) {
    koreUtil[name] = () => {
      throw new Error(`koreUtil.${name} belongs to a conversation, and a notification is none`);
    };
  }

  function need(what) {
    needs += `${what}\n`;
    throw MISSING;
  }

  // --- Intl: answered from outside, because the engine has none

  const number = (value) => (Number.isFinite(Number(value)) ? Number(value) : `${value}`);

  koreUtil.intl = {
    NumberFormat: intl('NumberFormat', 'format', (value) => [number(value)]),
    DateTimeFormat: intl('DateTimeFormat', 'format', (date = new Date()) => [number(date)]),
    Collator: intl('Collator', 'compare', (one, other) => [`${one}`, `${other}`]),
    PluralRules: intl('PluralRules', 'select', (value) => [number(value)]),
    RelativeTimeFormat: intl('RelativeTimeFormat', 'format', (value, unit) => [number(value), `${unit}`]),
    ListFormat: intl('ListFormat', 'format', (list) => [[...list].map(String)]),
  };

  /** Callable with and without `new`; dates travel as epoch milliseconds. */
  function intl(kind, method, toArguments) {
    return function Formatter(locales = 'en', options = {}) {
      return { [method]: (...values) => ask([kind, locales, options, method, toArguments(...values)]) };
    };
  }

  /** Goes on with an empty answer where there is none yet: the rendering is thrown away, and all needs come at once. */
  function ask(question) {
    const key = stringify(question);
    const answer = answers[key];
    if (answer === undefined) {
      needs += `intl:${key}\n`;
      return question[0] === 'Collator' ? 0 : '';
    }
    if (answer.error !== undefined) throw new RangeError(answer.error);
    return answer.value;
  }

  // --- libraries: CommonJS modules that our side sends as a table of functions

  function load(id) {
    const known = modules[id];
    if (known.exports === undefined) {
      known.exports = {};
      apply(known.body, known.exports, [known, known.exports, (name) => requireFrom(known, name)]);
    }
    return known.exports;
  }

  function requireFrom(from, name) {
    const id = from.paths[name];
    if (id !== undefined) return load(id);
    if (name in substitutes) return substitutes[name];
    // moment asks for a locale only when it is first used; it swallows what is thrown.
    if (name.startsWith('./locale/')) need(`locale:${name.slice(9)}`);
    throw new Error(`there is no module ${name}`);
  }

  // --- what our side calls

  /** `table`: id → [body, name → id]; `entry` becomes `koreUtil[name]`. */
  function provide(name, table, entry) {
    for (const id of Object.keys(table))
      modules[id] ??= { body: table[id][0], paths: table[id][1], exports: undefined };
    if (name === 'momenttz') for (const owner of [moment, moment.fn]) delete owner.tz;
    const loaded = load(entry);
    libraries[name] = finish[name]?.(loaded, need) ?? loaded;
    if (name === 'moment') moment = loaded;
  }

  /** A locale makes itself moment's default; that is for the script to say. */
  function provideLocale(body) {
    const before = moment.locale();
    const module = { exports: {} };
    apply(body, module.exports, [module, module.exports, () => moment]);
    moment.locale(before);
  }

  function provideAnswers(json) {
    for (const [key, answer] of parse(json)) answers[key] = answer;
  }

  /** One letter and what belongs to it: `o` output, `n` needs, `t` thrown, `l` too long, `z` NUL. */
  function render(script, json, seed) {
    forgetLast(seed);
    let thrown = '';
    try {
      context = parse(json);
      apply(script, undefined, [context]);
    } catch (error) {
      thrown = `t${describe(error)}`;
    }
    if (needs !== '') return `n${needs}`;
    if (isTooLong) return 'l';
    if (thrown !== '') return thrown;
    // Text ends at the first NUL on its way out.
    return apply(includes, output, ['\0']) ? 'z' : `o${output}`;
  }

  function describe(error) {
    try {
      if (error === null || (typeof error !== 'object' && typeof error !== 'function'))
        return `\u0001${short(show(error))}`;
      return `${short(error.name)}\u0001${short(error.message)}\u0001${short(error.stack)}`;
    } catch {
      return '\u0001threw something that cannot be read';
    }
  }

  const short = (value) => (value === undefined ? '' : apply(slice, `${value}`, [0, MAX_SHOWN]));

  // --- nobody finds what the script left behind for the one before

  function forgetLast(seed) {
    const keys = ownKeys(globalThis);
    if (keys.length !== known.count) for (const key of keys) if (!(key in known.names)) deleteProperty(globalThis, key);
    if (moment !== null) {
      if (moment.locale() !== 'en') moment.locale('en');
      if (libraries.momenttz !== undefined) libraries.momenttz.setDefault();
    }
    random = seed;
    output = '';
    needs = '';
    isTooLong = false;
  }

  defineProperty(Math, 'random', {
    value: function random_() {
      // mulberry32: chance that a second rendering repeats.
      random = (random + 0x6d2b79f5) | 0;
      let t = imul(random ^ (random >>> 15), 1 | random);
      t = (t + imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    },
  });
  const silent = { log() {}, info() {}, debug() {}, warn() {}, error() {} };
  assign(globalThis, { print, koreUtil, console: silent, koreDebugger: silent });
  for (const key of ownKeys(globalThis)) {
    if ('value' in getOwnPropertyDescriptor(globalThis, key)) {
      defineProperty(globalThis, key, { writable: false, configurable: false });
    }
  }
  const known = { names: create(null), count: ownKeys(globalThis).length };
  for (const key of ownKeys(globalThis)) known.names[key] = true;

  return { provide, provideLocale, provideAnswers, render };
};
