import { SegmentedControl, TextArea } from '@radix-ui/themes';
import type { ConnectionState } from '../../../client/connections.ts';
import { Field } from '../../parts/field.tsx';
import { ParameterFields } from '../../parts/message/parameter-fields.tsx';
import { textsOf, tokensIn } from '../../parts/message/tokens.ts';
import { Sheet } from '../../parts/page.tsx';
import { problemAt } from '../../parts/problems.ts';
import type { Named } from './audience.ts';
import type { PartProps } from './compose.tsx';
import type { Draft } from './draft.ts';
import { OwnMessages } from './own-messages.tsx';
import type { RecipientsFile } from './recipients-file.ts';
import { TemplateChoice } from './template-choice.tsx';

export interface MessagePartProps extends PartProps {
  readonly connections: readonly ConnectionState[];
  readonly sample: readonly Named[];
  readonly file: RecipientsFile | null;
}

/** What is said. */
export function MessagePart(props: MessagePartProps) {
  const { draft, change } = props;
  return (
    <Sheet
      title="What"
      aside={
        <SegmentedControl.Root
          size="1"
          value={draft.says}
          onValueChange={(says) => change({ says: says as Draft['says'] })}
          aria-label="What is said"
        >
          <SegmentedControl.Item value="message">Write</SegmentedControl.Item>
          <SegmentedControl.Item value="template">Template</SegmentedControl.Item>
        </SegmentedControl.Root>
      }
    >
      {draft.says === 'template' ? <TemplateChoice {...props} /> : <Writing {...props} />}
    </Sheet>
  );
}

function Writing(props: MessagePartProps) {
  const { draft, change, problems, file } = props;
  const isForSome = draft.channels.length === 0 || draft.channels.some(({ own }) => own === null);
  const texts = [
    ...(isForSome ? [draft.text] : []),
    ...draft.channels.flatMap(({ own }) => (own === null ? [] : textsOf(own))),
  ];
  return (
    <div className="form">
      {isForSome && (
        <Field
          label="Text"
          hint="Plain text. {name} is filled in for each person, from the file or from the values below."
          error={problemAt(problems, '/message')}
        >
          {(tie) => (
            <TextArea
              {...tie}
              rows={6}
              placeholder="The cafeteria closes at three today, {name}."
              value={draft.text}
              onChange={(event) => change({ text: event.target.value })}
            />
          )}
        </Field>
      )}
      <OwnMessages {...props} />
      <ParameterFields
        names={tokensIn(texts).map((name) => ({ name }))}
        inFile={file?.parameters ?? []}
        values={draft.parameters}
        problems={problems}
        onChange={(parameters) => change({ parameters })}
      />
    </div>
  );
}
