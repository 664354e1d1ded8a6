import { Checkbox, SegmentedControl, Text, TextArea } from '@radix-ui/themes';
import { useState } from 'react';
import { UnreadableFile } from '../../data/file-pieces.ts';
import type { FilterSample } from '../../data/filter-sample.ts';
import { Field } from '../../parts/field.tsx';
import { FileField } from '../../parts/file-field.tsx';
import { formatCount, plural } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';
import { problemAt } from '../../parts/problems.ts';
import { explainError } from '../../parts/states.tsx';
import { type Audience, identityOf, type Named } from './audience.ts';
import type { PartProps } from './compose.tsx';
import { DirectoryPart } from './directory-part.tsx';
import type { AudienceDraft } from './draft.ts';
import { ExclusionFields } from './exclusion-fields.tsx';
import { openRecipientsFile, type RecipientsFile } from './recipients-file.ts';

interface AudiencePartProps extends PartProps {
  readonly audience: Audience;
  readonly found: FilterSample | undefined;
  readonly file: RecipientsFile | null;
  readonly onFile: (file: RecipientsFile | null) => void;
}

/** Who gets it. */
export function AudiencePart({ draft, change, problems, audience, found, file, onFile }: AudiencePartProps) {
  const { from, pasted, filter, exclude } = draft.audience;
  const set = (changed: Partial<AudienceDraft>) => change({ audience: { ...draft.audience, ...changed } });
  const error = problemAt(problems, '/recipients', '/audience');
  return (
    <Sheet
      title="Who"
      aside={
        <SegmentedControl.Root
          size="1"
          value={from}
          onValueChange={(chosen) => set({ from: chosen as AudienceDraft['from'] })}
          aria-label="Where they are from"
        >
          <SegmentedControl.Item value="pasted">Paste</SegmentedControl.Item>
          <SegmentedControl.Item value="file">File</SegmentedControl.Item>
          <SegmentedControl.Item value="directory">Directory</SegmentedControl.Item>
        </SegmentedControl.Root>
      }
    >
      <div className="form">
        {from === 'pasted' && (
          <Field label="Recipients" hint={howMany(audience.sample)} error={error}>
            {(tie) => (
              <TextArea
                {...tie}
                rows={5}
                className="mono"
                placeholder={'john@abc.com\nJane Roe <jane@abc.com>\n+49 151 000000'}
                value={pasted}
                onChange={(event) => set({ pasted: event.target.value })}
              />
            )}
          </Field>
        )}
        {from === 'file' && (
          <FileChoice
            kept={draft.audience.file}
            {...{ file, error, onFile }}
            onChosen={(chosen) => set({ file: chosen })}
          />
        )}
        {from === 'directory' && (
          <DirectoryPart
            {...{ filter, found, problems }}
            onChange={(changed) => set({ filter: { ...filter, ...changed } })}
          />
        )}
        <Text as="label" size="2" className="check">
          <Checkbox
            checked={draft.deduplicate}
            onCheckedChange={(checked) => change({ deduplicate: checked === true })}
          />
          Whoever is named twice gets it once
        </Text>
        <ExclusionFields
          {...{ exclude, problems }}
          onChange={(changed) => set({ exclude: { ...exclude, ...changed } })}
        />
      </div>
    </Sheet>
  );
}

function howMany(pasted: readonly Named[]): string {
  if (pasted.length === 0)
    return 'E-mail addresses, phone numbers or other names of the directory: one a line, or parted by commas.';
  const different = new Set(pasted.map((named) => identityOf(named).toLowerCase())).size;
  const named = plural(pasted.length, 'recipient');
  return different === pasted.length
    ? named
    : `${named}, ${formatCount(pasted.length - different)} named more than once`;
}

interface FileChoiceProps {
  readonly kept: AudienceDraft['file'];
  readonly file: RecipientsFile | null;
  readonly error: string | null;
  readonly onFile: (file: RecipientsFile | null) => void;
  readonly onChosen: (file: AudienceDraft['file']) => void;
}

function FileChoice({ kept, file, error, onFile, onChosen }: FileChoiceProps) {
  const [isReading, setReading] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const choose = async (chosen: File) => {
    setReading(true);
    setFault(null);
    onFile(null);
    onChosen({ name: chosen.name, size: chosen.size });
    try {
      onFile(await openRecipientsFile(chosen));
    } catch (thrown) {
      setFault(thrown instanceof UnreadableFile ? thrown.message : explainError(thrown).fix);
    } finally {
      setReading(false);
    }
  };
  return (
    <FileField
      label="File of recipients"
      hint="CSV with a header, one column of which is identity, email, phoneNumber or spaceId; every other column fills in the parameter of its name. Or NDJSON, a recipient a line. Of any length."
      accept=".csv,.ndjson,.jsonl"
      error={fault ?? error}
      isReading={isReading}
      chosen={wordsFor(kept, file)}
      onChoose={choose}
    />
  );
}

function wordsFor(kept: AudienceDraft['file'], file: RecipientsFile | null): string | null {
  if (file !== null) {
    const besides = file.parameters.length === 0 ? '' : `, with ${file.parameters.join(', ')}`;
    return `${file.file.name}: ${plural(file.recipients, 'recipient')}${besides}`;
  }
  return kept === null ? null : `${kept.name} was chosen before: choose it again to go on with it.`;
}
