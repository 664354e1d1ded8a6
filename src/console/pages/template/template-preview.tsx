import { TextField } from '@radix-ui/themes';
import { useMemo, useState } from 'react';
import type { ConnectionState } from '../../../client/connections.ts';
import type { SendBody } from '../../../client/send-documents.ts';
import type { Template } from '../../../client/template-documents.ts';
import type { Parameters } from '../../../model/message.ts';
import { connectionName } from '../../data/connections.ts';
import { Field } from '../../parts/field.tsx';
import { ParameterFields } from '../../parts/message/parameter-fields.tsx';
import { writeMessage } from '../../parts/message/write-message.ts';
import { Sheet } from '../../parts/page.tsx';
import type { Problem } from '../../parts/problems.ts';
import { NOBODY, RehearsedMessage } from '../../parts/rehearsed-message.tsx';
import { Empty } from '../../parts/states.tsx';
import type { TemplateDraft, VariantDraft } from './template-draft.ts';

interface TemplatePreviewProps {
  readonly draft: TemplateDraft;
  /** The one that is being written. */
  readonly variant: VariantDraft;
  readonly connections: readonly ConnectionState[];
  /** What the server has, as long as it is what is shown: then each person gets their own language. */
  readonly saved: Template | null;
}

/** What somebody would be sent over one of the channels. */
export function TemplatePreview({ draft, variant, connections, saved }: TemplatePreviewProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [person, setPerson] = useState('');
  const [values, setValues] = useState<Parameters>({});
  const connection = connections.find(({ id }) => id === chosen) ?? connections[0];
  const asked = useMemo(
    () => (connection === undefined ? null : ask({ draft, variant, connection, saved, person: person.trim(), values })),
    [draft, variant, connection, saved, person, values],
  );
  return (
    <Sheet title="Preview">
      {connection === undefined || asked === null ? (
        <Empty title="This bot reaches no channel yet">Add a connection, and see here what each person gets.</Empty>
      ) : (
        <div className="stack">
          <Field label="Channel">
            {(tie) => (
              <select
                {...tie}
                className="select"
                value={connection.id}
                onChange={({ target }) => setChosen(target.value)}
              >
                {connections.map((each) => (
                  <option key={each.id} value={each.id}>
                    {connectionName(each)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field
            label="For"
            optional
            hint={saved === null ? 'Shown in the language you are writing.' : 'Shown in their own language.'}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                placeholder="john@abc.com"
                value={person}
                onChange={({ target }) => setPerson(target.value)}
              />
            )}
          </Field>
          <ParameterFields
            names={named(draft).map(({ name, default: value }) => ({
              name,
              ...(value !== '' && { declared: { type: 'string' as const, default: value } }),
            }))}
            inFile={[]}
            values={values}
            problems={[]}
            onChange={setValues}
          />
          <RehearsedMessage channel={connection.channel} isNobody={person.trim() === ''} {...asked} />
        </div>
      )}
    </Sheet>
  );
}

interface Asked extends Pick<TemplatePreviewProps, 'draft' | 'variant' | 'saved'> {
  readonly connection: ConnectionState;
  readonly person: string;
  readonly values: Parameters;
}

function ask({ draft, variant, connection, saved, person, values }: Asked) {
  const { channel, id } = connection;
  const recipients = [person === '' ? NOBODY : person];
  const given = valuesFor(draft, values);
  const problems: Problem[] = [];
  const own = variant.channels.find((each) => each.channel === channel)?.message ?? variant.message;
  const message = writeMessage(own, '/message', problems);
  const [problem] = problems;
  if (problem !== undefined) return { body: null, missing: `${problem.sentence}.` };
  const words =
    saved !== null && person !== '' ? { template: { name: saved.name, version: saved.version } } : { message };
  const body: SendBody = {
    channel,
    connection: id,
    ...words,
    recipients,
    ...(Object.keys(given).length > 0 && { parameters: given }),
  };
  return { body, missing: null };
}

/** Those that have a name of their own by now. */
const named = ({ parameters }: TemplateDraft) =>
  parameters.filter(({ name }, at) => name !== '' && parameters.findIndex((each) => each.name === name) === at);

/** What lacks a value shows its own name, as far as its type has such values. */
const valuesFor = (draft: TemplateDraft, values: Parameters): Parameters =>
  Object.fromEntries(
    named(draft)
      .map(({ name, type, values: only, default: value }) => {
        const shown = type === 'string' && only === '' ? `{${name}}` : '';
        return [name, values[name] ?? (value === '' ? shown : value)];
      })
      .filter(([, value]) => value !== ''),
  );
