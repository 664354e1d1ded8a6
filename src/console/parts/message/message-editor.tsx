import { SegmentedControl, TextArea, TextField } from '@radix-ui/themes';
import { parseJsonObject } from '../../../model/json.ts';
import { Field } from '../field.tsx';
import './message.css';

import { formName, formsOf, type MessageDraft } from './forms.ts';
import { whereJsonBreaks } from './write-message.ts';

interface MessageEditorProps {
  readonly channel: string;
  readonly own: MessageDraft;
  readonly error: string | null;
  readonly onChange: (own: MessageDraft) => void;
}

/** What one channel says, in a form it understands. */
export function MessageEditor({ channel, own, error, onChange }: MessageEditorProps) {
  const forms = formsOf(channel);
  const Fields = FIELDS[own.form];
  return (
    <div className="form">
      {forms.length > 1 && (
        <SegmentedControl.Root
          size="1"
          value={own.form}
          onValueChange={(form) => onChange({ ...own, form: form as MessageDraft['form'] })}
          aria-label="Form of the message"
          className="own-forms"
        >
          {forms.map((form) => (
            <SegmentedControl.Item key={form} value={form}>
              {formName(form, channel)}
            </SegmentedControl.Item>
          ))}
        </SegmentedControl.Root>
      )}
      <Fields {...{ channel, own, error, onChange }} />
    </div>
  );
}

const FIELDS = { text: TextFields, mail: MailFields, approved: ApprovedFields, json: JsonFields } as const;

function TextFields({ own, error, onChange }: MessageEditorProps) {
  return (
    <Field label="Text" error={error}>
      {(tie) => (
        <TextArea
          {...tie}
          rows={4}
          value={own.text}
          onChange={({ target }) => onChange({ ...own, text: target.value })}
        />
      )}
    </Field>
  );
}

function JsonFields({ channel, own, error, onChange }: MessageEditorProps) {
  const isBroken = parseJsonObject(own.json) === null;
  return (
    <Field
      label={formName('json', channel) === 'JSON' ? 'JSON' : `${formName('json', channel)} as JSON`}
      hint="As the provider's documentation has it. {name} is filled in here too."
      error={error ?? (isBroken ? `Is no JSON object: ${whereJsonBreaks(own.json)}` : null)}
    >
      {(tie) => (
        <TextArea
          {...tie}
          rows={14}
          className="mono code"
          spellCheck={false}
          value={own.json}
          onChange={({ target }) => onChange({ ...own, json: target.value })}
        />
      )}
    </Field>
  );
}

function MailFields({ own, error, onChange }: MessageEditorProps) {
  const set = (changed: Partial<MessageDraft['mail']>) => onChange({ ...own, mail: { ...own.mail, ...changed } });
  return (
    <>
      <Field label="Subject" error={error}>
        {(tie) => (
          <TextField.Root {...tie} value={own.mail.subject} onChange={({ target }) => set({ subject: target.value })} />
        )}
      </Field>
      <Field label="Text" hint="For mail programs that show no HTML.">
        {(tie) => (
          <TextArea {...tie} rows={4} value={own.mail.text} onChange={({ target }) => set({ text: target.value })} />
        )}
      </Field>
      <Field label="HTML" optional>
        {(tie) => (
          <TextArea
            {...tie}
            rows={8}
            className="mono code"
            spellCheck={false}
            value={own.mail.html}
            onChange={({ target }) => set({ html: target.value })}
          />
        )}
      </Field>
    </>
  );
}

function ApprovedFields({ own, error, onChange }: MessageEditorProps) {
  const set = (changed: Partial<MessageDraft['approved']>) =>
    onChange({ ...own, approved: { ...own.approved, ...changed } });
  return (
    <>
      <div className="halves">
        <Field label="Name of the template" hint="As Meta has approved it." error={error}>
          {(tie) => (
            <TextField.Root
              {...tie}
              placeholder="order_update"
              value={own.approved.name}
              onChange={({ target }) => set({ name: target.value })}
            />
          )}
        </Field>
        <Field label="Language" hint="Of the template: en_US, de.">
          {(tie) => (
            <TextField.Root
              {...tie}
              value={own.approved.language}
              onChange={({ target }) => set({ language: target.value })}
            />
          )}
        </Field>
      </div>
      <Field label="Values of its body" optional hint="One a line, in the order of {{1}}, {{2}}, …">
        {(tie) => (
          <TextArea
            {...tie}
            rows={4}
            value={own.approved.values}
            onChange={({ target }) => set({ values: target.value })}
          />
        )}
      </Field>
    </>
  );
}
