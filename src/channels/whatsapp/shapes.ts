import { type TSchema, Type } from 'typebox';

/*
 * What the Cloud API documents of its messages. Only what it would certainly refuse is a fault: types and keys that are
 * not named here pass.
 */

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const short = (maxLength: number) => Type.Optional(Type.String({ maxLength }));

const MEDIA = {
  link: Type.Optional(Type.String({ pattern: '^https?://\\S+$' })),
  id: Type.Optional(text(512)),
};
const PICTURED = Type.Object({ ...MEDIA, caption: short(1024) });

/** So long only where the body is all of the template; the template's own words count too. */
const PARAMETER = Type.Object({ type: text(64), text: short(32_768) });
const COMPONENT = Type.Object({ type: text(64), parameters: Type.Optional(Type.Array(PARAMETER)) });

/** What is under the key that `type` names, for each type we know. */
export const CONTENTS: Readonly<Record<string, TSchema>> = {
  text: Type.Object({ body: text(4096), preview_url: Type.Optional(Type.Boolean()) }),
  template: Type.Object({
    name: text(512),
    language: Type.Object({ code: text(32) }),
    components: Type.Optional(Type.Array(COMPONENT)),
  }),
  image: PICTURED,
  video: PICTURED,
  document: Type.Object({ ...MEDIA, caption: short(1024), filename: Type.Optional(Type.String()) }),
  audio: Type.Object(MEDIA),
  sticker: Type.Object(MEDIA),
  location: Type.Object({ latitude: Type.Unknown(), longitude: Type.Unknown() }),
  contacts: Type.Array(Type.Object({ name: Type.Object({ formatted_name: Type.String() }) }), { minItems: 1 }),
  reaction: Type.Object({ message_id: text(512), emoji: Type.String() }),
  interactive: Type.Object({ type: text(64) }),
};

/** Of these exactly one of `link` and `id` is given. */
export const MEDIA_TYPES: ReadonlySet<string> = new Set(['image', 'video', 'document', 'audio', 'sticker']);

const bodyOf = (maxLength: number) => Type.Object({ text: text(maxLength) });
const FRAME = {
  header: Type.Optional(Type.Object({ type: text(32), text: short(60) })),
  footer: Type.Optional(Type.Object({ text: text(60) })),
};
const REPLY = Type.Object({ id: text(256), title: text(20) });
const BUTTON = Type.Object({ type: Type.Literal('reply'), reply: REPLY });
const ROW = Type.Object({ id: text(200), title: text(24), description: short(72) });
const SECTION = Type.Object({ title: short(24), rows: Type.Array(ROW, { minItems: 1 }) });

/** The same for each `interactive.type`. */
export const INTERACTIVES: Readonly<Record<string, TSchema>> = {
  button: Type.Object({
    ...FRAME,
    body: bodyOf(1024),
    action: Type.Object({ buttons: Type.Array(BUTTON, { minItems: 1, maxItems: 3 }) }),
  }),
  list: Type.Object({
    ...FRAME,
    body: bodyOf(4096),
    action: Type.Object({ button: text(20), sections: Type.Array(SECTION, { minItems: 1, maxItems: 10 }) }),
  }),
  cta_url: Type.Object({
    ...FRAME,
    body: bodyOf(1024),
    action: Type.Object({ parameters: Type.Object({ display_text: text(20), url: text(2000) }) }),
  }),
};

/** Over all sections of a list. */
export const MAX_ROWS = 10;
