import { Cross2Icon } from '@radix-ui/react-icons';
import { Button, IconButton, TextField } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import type { DirectoryPerson } from '../../../client/people.ts';
import type { Preferences } from '../../../client/people-documents.ts';
import { nameOf, usePreferences, useSavePreferences } from '../../data/people.ts';
import { useMay } from '../../data/session.tsx';
import { CHANNEL_IDS, channelName } from '../../parts/channel.tsx';
import { Field } from '../../parts/field.tsx';
import { Sheet } from '../../parts/page.tsx';
import { explainError, Loading, Trouble } from '../../parts/states.tsx';

/** Which categories of messages somebody declined. */
export function OptOuts({ person }: { readonly person: DirectoryPerson }) {
  const preferences = usePreferences(person.id);
  const save = useSavePreferences(person.id);
  const maySend = useMay('sender');
  if (preferences.isPending) return <Loading lines={2} />;
  if (preferences.isError) return <Trouble error={preferences.error} retry={preferences.refetch} />;
  const { optOuts } = preferences.data;
  const without = (gone: Preferences['optOuts'][number]) =>
    save.mutate(optOuts.filter(({ category, channel }) => category !== gone.category || channel !== gone.channel));
  return (
    <Sheet title="Declined">
      <div className="stack">
        {optOuts.length === 0 && (
          <p className="quiet person-note">{nameOf(person)} takes messages of all categories.</p>
        )}
        {optOuts.length > 0 && (
          <ul className="declined">
            {optOuts.map((optOut) => {
              const words = `${optOut.category}, ${optOut.channel === null ? 'over any channel' : `over ${channelName(optOut.channel)}`}`;
              return (
                <li key={words}>
                  {words}
                  {maySend && (
                    <IconButton
                      size="1"
                      variant="ghost"
                      color="gray"
                      aria-label={`Takes it again: ${words}`}
                      disabled={save.isPending}
                      onClick={() => without(optOut)}
                    >
                      <Cross2Icon />
                    </IconButton>
                  )}
                </li>
              );
            })}
          </ul>
        )}
        {maySend && <Declining optOuts={optOuts} save={save} />}
      </div>
    </Sheet>
  );
}

interface DecliningProps extends Preferences {
  readonly save: ReturnType<typeof useSavePreferences>;
}

function Declining({ optOuts, save }: DecliningProps) {
  const [category, setCategory] = useState('');
  const [channel, setChannel] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const added = { category: category.trim(), channel: channel === '' ? null : channel };
    save.mutate([...optOuts, added], { onSuccess: () => setCategory('') });
  };
  return (
    <form className="form" onSubmit={submit}>
      <Field label="Declines the category" error={save.isError ? explainError(save.error).fix : null}>
        {(tie) => (
          <TextField.Root
            {...tie}
            placeholder="newsletter"
            required
            value={category}
            onChange={({ target }) => setCategory(target.value)}
          />
        )}
      </Field>
      <Field label="Channel">
        {(tie) => (
          <select {...tie} className="select" value={channel} onChange={({ target }) => setChannel(target.value)}>
            <option value="">any channel</option>
            {CHANNEL_IDS.map((id) => (
              <option key={id} value={id}>
                {channelName(id)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Button type="submit" variant="soft" loading={save.isPending}>
        Add
      </Button>
    </form>
  );
}
