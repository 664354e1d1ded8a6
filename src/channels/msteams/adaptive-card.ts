import { isJsonObject, type Json } from '../../model/json.ts';
import { aFilledText, anObject, anything, aText, type Check, type Fields, isThere, listOf, oneOf } from './shape.ts';

/**
 * What must hold for a card that every Teams client shows: its version, the kinds of its elements and actions, and what
 * each kind cannot be without (adaptivecards.io, 1.5). Less than the published schema asks, which is 94 KB, knows nothing
 * of Teams' own additions, and refuses a misspelt colour that clients pass over.
 */
export const aCard: Check = (value, path) =>
  anObject({ type: oneOf(['AdaptiveCard']), version: aVersion }, CARD)(value, path);

const NEWEST = 5;

const aVersion: Check = (value, path) => {
  const [, minor] = (typeof value === 'string' && /^1\.(\d{1,3})$/.exec(value)) || [];
  if (minor === undefined) return `${path}: must be a version such as "1.5"`;
  return Number(minor) <= NEWEST ? null : `${path}: is ${value}; Teams clients show cards up to 1.${NEWEST}`;
};

const anElement: Check = (value, path) => aKind(ELEMENTS, 'element')(value, path);
const anAction: Check = (value, path) => aKind(ACTIONS, 'action')(value, path);
const elements: Check = (value, path) => listOf(anElement)(value, path);
const actions: Check = (value, path) => listOf(anAction)(value, path);
/** The card of Action.ShowCard says no version. */
const anInnerCard: Check = (value, path) => anObject({}, { type: oneOf(['AdaptiveCard']), ...CARD })(value, path);

const aSelectAction: Check = (value, path) =>
  isJsonObject(value) && value['type'] === 'Action.ShowCard'
    ? `${path}.type: Action.ShowCard cannot be a selectAction`
    : anAction(value, path);

/** Gives way where it is unknown: `drop`, or another of its kind. */
const aFallback =
  (check: Check): Check =>
  (value, path) =>
    value === 'drop' ? null : check(value, path);

const CARD: Fields = { body: elements, actions, selectAction: aSelectAction, fallbackText: aText };

interface Kind {
  readonly required?: Fields;
  readonly optional?: Fields;
}

const aFact = anObject({ title: aText, value: aText });
const aChoice = anObject({ title: aText, value: aText });
const aColumn = anObject({}, { type: oneOf(['Column']), items: elements, selectAction: aSelectAction });
const aCell = anObject({}, { type: oneOf(['TableCell']), items: elements, selectAction: aSelectAction });
const aRow = anObject({}, { type: oneOf(['TableRow']), cells: listOf(aCell) });
const aSource = anObject({ url: aFilledText }, { mimeType: aText });
const aRun = anObject({ text: aText }, { type: oneOf(['TextRun']), selectAction: aSelectAction });
const anInline: Check = (value, path) => (typeof value === 'string' ? null : aRun(value, path));
const anImage: Check = (value, path) => anObject({ url: aFilledText }, { selectAction: aSelectAction })(value, path);
const input = (required: Fields = {}): Kind => ({ required: { id: aFilledText, ...required } });

const ELEMENTS: Readonly<Record<string, Kind>> = {
  TextBlock: { required: { text: aText } },
  RichTextBlock: { required: { inlines: listOf(anInline) } },
  Image: { required: { url: aFilledText }, optional: { selectAction: aSelectAction } },
  ImageSet: { required: { images: listOf(anImage) } },
  Media: { required: { sources: listOf(aSource) } },
  Container: { required: { items: elements }, optional: { selectAction: aSelectAction } },
  ColumnSet: { optional: { columns: listOf(aColumn), selectAction: aSelectAction } },
  FactSet: { required: { facts: listOf(aFact) } },
  ActionSet: { required: { actions } },
  Table: { optional: { columns: listOf(anything), rows: listOf(aRow) } },
  'Input.Text': input(),
  'Input.Number': input(),
  'Input.Date': input(),
  'Input.Time': input(),
  'Input.Toggle': input({ title: aText }),
  'Input.ChoiceSet': { required: { id: aFilledText }, optional: { choices: listOf(aChoice) } },
  // Beyond the standard; clients of Teams know them whatever the version says.
  CodeBlock: {},
  Icon: {},
  Badge: {},
  Carousel: {},
  Rating: {},
  'Input.Rating': input(),
  CompoundButton: {},
  ProgressBar: {},
  ProgressRing: {},
  Component: {},
};

const ACTIONS: Readonly<Record<string, Kind>> = {
  'Action.OpenUrl': { required: { url: aFilledText } },
  'Action.Submit': {},
  'Action.Execute': {},
  'Action.ShowCard': { optional: { card: anInnerCard } },
  'Action.ToggleVisibility': { required: { targetElements: listOf(anything) } },
  'Action.OpenUrlDialog': {},
  'Action.ResetInputs': {},
  'Action.InsertImage': {},
};

function aKind(kinds: Readonly<Record<string, Kind>>, what: 'element' | 'action'): Check {
  return (value, path) => {
    if (!isJsonObject(value)) return `${path}: must be an object`;
    const { type } = value;
    if (typeof type !== 'string') return `${path}.type: is missing`;
    const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
    if (kind !== undefined) return anObject(kind.required ?? {}, kind.optional)(value, path);
    if (isThere(value, 'fallback')) return aFallback(aKind(kinds, what))(value['fallback'] ?? null, `${path}.fallback`);
    return type.startsWith('Chart.')
      ? null
      : `${path}.type: ${name(type)} is no ${what} that Teams knows, and has no fallback`;
  };
}

const name = (type: Json): string => JSON.stringify(type).slice(0, 60);
