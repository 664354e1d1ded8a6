import { Checkbox, Text, TextArea, TextField } from '@radix-ui/themes';
import type { FilterSample } from '../../data/filter-sample.ts';
import { Field } from '../../parts/field.tsx';
import { formatCount, plural } from '../../parts/format.ts';
import { type Problems, problemAt } from '../../parts/problems.ts';
import type { FilterDraft } from './draft.ts';

interface DirectoryPartProps {
  readonly filter: FilterDraft;
  /** Undefined: it is being looked up. */
  readonly found: FilterSample | undefined;
  readonly problems: Problems;
  readonly onChange: (changed: Partial<FilterDraft>) => void;
}

/** Whoever of the directory fits. */
export function DirectoryPart({ filter, found, problems, onChange }: DirectoryPartProps) {
  const place = '/recipients/filter';
  const tags = (key: 'any' | 'all' | 'none', label: string, placeholder: string) => (
    <Field label={label} optional error={problemAt(problems, `${place}/tags/${key}`)}>
      {(tie) => (
        <TextField.Root
          {...tie}
          placeholder={placeholder}
          value={filter[key]}
          onChange={({ target }) => onChange({ [key]: target.value })}
        />
      )}
    </Field>
  );
  return (
    <>
      <Text as="label" size="2" className="check">
        <Checkbox checked={filter.everybody} onCheckedChange={(checked) => onChange({ everybody: checked === true })} />
        Everybody the directory has
      </Text>
      {!filter.everybody && (
        <>
          <div className="parameters-fields">
            {tags('any', 'Has one of these tags', 'berlin, potsdam')}
            {tags('all', 'And all of these', 'employees')}
            {tags('none', 'And none of these', 'contractors')}
            <Field label="Speaks" optional error={problemAt(problems, `${place}/locale`)}>
              {(tie) => (
                <TextField.Root
                  {...tie}
                  placeholder="de, en"
                  value={filter.locale}
                  onChange={({ target }) => onChange({ locale: target.value })}
                />
              )}
            </Field>
          </div>
          <Field
            label="Attributes"
            optional
            hint="One a line, with the values that fit: country = DE, AT"
            error={problemAt(problems, `${place}/attributes`)}
          >
            {(tie) => (
              <TextArea
                {...tie}
                rows={2}
                value={filter.attributes}
                onChange={({ target }) => onChange({ attributes: target.value })}
              />
            )}
          </Field>
        </>
      )}
      <p className="compose-note quiet" role="status">
        {wordsFor(found)}
      </p>
      {problemAt(problems, '/recipients') !== null && (
        <p className="field-error compose-note" role="alert">
          {problemAt(problems, '/recipients')}
        </p>
      )}
    </>
  );
}

function wordsFor(found: FilterSample | undefined): string {
  if (found === undefined) return 'Looking through the directory …';
  const { people, looked, isWhole } = found;
  if (isWhole)
    return `${plural(people.length, 'person', 'people')} of ${formatCount(looked)} at present. What counts is who fits when it is sent.`;
  return `${formatCount(people.length)} of the first ${formatCount(looked)} people; the directory has more. What counts is who fits when it is sent.`;
}
