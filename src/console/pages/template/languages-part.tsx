import { Cross2Icon, PlusIcon } from '@radix-ui/react-icons';
import { Button, IconButton, Popover, Tabs, TextField } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import type { ConnectionState } from '../../../client/connections.ts';
import { ChannelMark, channelName } from '../../parts/channel.tsx';
import { Field } from '../../parts/field.tsx';
import { ANY, firstMessage } from '../../parts/message/forms.ts';
import { MessageEditor } from '../../parts/message/message-editor.tsx';
import { Sheet } from '../../parts/page.tsx';
import { type Problems, problemAt } from '../../parts/problems.ts';
import { newVariant, type TemplateDraft, type VariantDraft } from './template-draft.ts';

export interface TemplatePartProps {
  readonly draft: TemplateDraft;
  readonly change: (changed: Partial<TemplateDraft>) => void;
  readonly problems: Problems;
}

interface LanguagesPartProps extends TemplatePartProps {
  readonly connections: readonly ConnectionState[];
  /** The tag of the variant that is shown. */
  readonly shown: string;
  readonly onShow: (tag: string) => void;
}

/** What is said, in each language. */
export function LanguagesPart({ draft, change, problems, connections, shown, onShow }: LanguagesPartProps) {
  const { variants } = draft;
  const set = (tag: string, changed: Partial<VariantDraft>) =>
    change({ variants: variants.map((each) => (each.tag === tag ? { ...each, ...changed } : each)) });
  const add = (tag: string) => {
    change({ variants: [...variants, newVariant(tag)] });
    onShow(tag);
  };
  const drop = (tag: string) => {
    const rest = variants.filter((each) => each.tag !== tag);
    const first = rest[0]?.tag ?? '';
    change({ variants: rest, default: draft.default === tag ? first : draft.default });
    onShow(first);
  };
  return (
    <Sheet title="Languages" padded={false}>
      <Tabs.Root value={shown} onValueChange={onShow}>
        <div className="languages-head">
          <Tabs.List size="1" className="languages">
            {variants.map(({ tag }) => (
              <Tabs.Trigger key={tag} value={tag}>
                {languageName(tag)}
                {tag === draft.default && <span className="quiet languages-default">default</span>}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          <AddLanguage known={variants.map(({ tag }) => tag)} onAdd={add} />
        </div>
        {variants.map((variant) => (
          <Tabs.Content key={variant.tag} value={variant.tag} className="sheet-body">
            <div className="form">
              <MessageEditor
                channel={ANY}
                own={variant.message}
                error={problemAt(problems, `/variants/${variant.tag}/message`) ?? exactly(problems, variant.tag)}
                onChange={(message) => set(variant.tag, { message })}
              />
              <Others
                variant={variant}
                connections={connections}
                problems={problems}
                onChange={(changed) => set(variant.tag, changed)}
              />
              <div className="languages-foot">
                {variant.tag !== draft.default && (
                  <Button
                    type="button"
                    size="1"
                    variant="soft"
                    color="gray"
                    onClick={() => change({ default: variant.tag })}
                  >
                    Make it the default
                  </Button>
                )}
                {variants.length > 1 && (
                  <Button type="button" size="1" variant="soft" color="gray" onClick={() => drop(variant.tag)}>
                    Take {languageName(variant.tag)} out
                  </Button>
                )}
              </div>
            </div>
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </Sheet>
  );
}

/** Of the language itself, and not of what is said in it. */
const exactly = (problems: Problems, tag: string): string | null =>
  problemAt(
    problems.filter(({ pointer }) => pointer === `/variants/${tag}`),
    `/variants/${tag}`,
  );

const names = new Intl.DisplayNames('en', { type: 'language' });

/** `German`, where the browser knows it; else the tag. */
function languageName(tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

function AddLanguage({ known, onAdd }: { readonly known: readonly string[]; readonly onAdd: (tag: string) => void }) {
  const [isOpen, setOpen] = useState(false);
  const [tag, setTag] = useState('');
  const [error, setError] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // The form is in a portal, and its events would go on to whatever it is shown over.
    event.stopPropagation();
    const [usual] = canonical(tag.trim());
    if (usual === undefined) return setError('That is no language tag, such as en, hi or pt-BR.');
    if (known.includes(usual)) return setError(`${languageName(usual)} is there already.`);
    onAdd(usual);
    setOpen(false);
    setTag('');
  };
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger>
        <Button type="button" size="1" variant="soft" color="gray">
          <PlusIcon /> Language
        </Button>
      </Popover.Trigger>
      <Popover.Content width="260px" aria-label="Add a language">
        <form className="form" onSubmit={submit}>
          <Field label="Language tag" hint="As in en, hi, pt-BR." error={error}>
            {(tie) => (
              <TextField.Root
                {...tie}
                autoFocus
                value={tag}
                onChange={({ target }) => {
                  setTag(target.value);
                  setError(null);
                }}
              />
            )}
          </Field>
          <Button type="submit">Add it</Button>
        </form>
      </Popover.Content>
    </Popover.Root>
  );
}

function canonical(tag: string): string[] {
  try {
    return Intl.getCanonicalLocales(tag);
  } catch {
    return [];
  }
}

interface OthersProps {
  readonly variant: VariantDraft;
  readonly connections: readonly ConnectionState[];
  readonly problems: Problems;
  readonly onChange: (changed: Partial<VariantDraft>) => void;
}

/** What it says instead on some channels. */
function Others({ variant: { tag, message, channels }, connections, problems, onChange }: OthersProps) {
  const free = [...new Set(connections.map(({ channel }) => channel))].filter(
    (id) => !channels.some(({ channel }) => channel === id),
  );
  const text = message.form === 'text' ? message.text : '';
  return (
    <>
      {channels.map(({ channel, message: own }) => (
        <fieldset className="own" key={channel}>
          <legend className="own-head">
            <ChannelMark id={channel} /> On {channelName(channel)}
          </legend>
          <MessageEditor
            channel={channel}
            own={own}
            error={problemAt(problems, `/variants/${tag}/channels/${channel}`)}
            onChange={(changed) =>
              onChange({
                channels: channels.map((each) => (each.channel === channel ? { channel, message: changed } : each)),
              })
            }
          />
          <IconButton
            type="button"
            variant="ghost"
            color="gray"
            className="own-drop"
            aria-label={`On ${channelName(channel)}: say what is said on the others`}
            onClick={() => onChange({ channels: channels.filter((each) => each.channel !== channel) })}
          >
            <Cross2Icon />
          </IconButton>
        </fieldset>
      ))}
      {free.length > 0 && (
        <div className="own-offers">
          <span className="quiet">Other words on</span>
          {free.map((channel) => (
            <Button
              key={channel}
              type="button"
              size="1"
              variant="soft"
              color="gray"
              aria-label={`Other words on ${channelName(channel)}`}
              onClick={() => onChange({ channels: [...channels, { channel, message: firstMessage(channel, text) }] })}
            >
              <PlusIcon /> {channelName(channel)}
            </Button>
          ))}
        </div>
      )}
    </>
  );
}
