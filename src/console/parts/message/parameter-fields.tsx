import { TextField } from '@radix-ui/themes';
import type { Parameters } from '../../../model/message.ts';
import type { TemplateParameter } from '../../../model/template.ts';
import { Field } from '../field.tsx';
import { type Problems, problemAt } from '../problems.ts';
import './message.css';

interface ParameterFieldsProps {
  readonly names: readonly { readonly name: string; readonly declared?: TemplateParameter }[];
  /** What the file of recipients has for each of them. */
  readonly inFile: readonly string[];
  readonly values: Parameters;
  readonly problems: Problems;
  readonly onChange: (values: Parameters) => void;
}

/** What the tokens of a message stand for, for whoever has no value of their own. */
export function ParameterFields({ names, inFile, values, problems, onChange }: ParameterFieldsProps) {
  if (names.length === 0) return null;
  const set = (name: string, value: string) => {
    const { [name]: _before, ...others } = values;
    onChange(value === '' ? others : { ...others, [name]: value });
  };
  return (
    <fieldset className="parameters">
      <legend>Values</legend>
      <div className="parameters-fields">
        {names.map(({ name, declared }) => (
          <Field
            key={name}
            label={name}
            optional={inFile.includes(name) || declared?.default !== undefined || declared?.required === false}
            hint={hintFor(name, inFile, declared)}
            error={problemAt(problems, `/parameters/${name}`)}
          >
            {(tie) =>
              declared?.enum === undefined ? (
                <TextField.Root
                  {...tie}
                  value={values[name] ?? ''}
                  placeholder={declared?.default ?? ''}
                  maxLength={declared?.maxLength ?? 200}
                  onChange={(event) => set(name, event.target.value)}
                />
              ) : (
                <select
                  {...tie}
                  className="select"
                  value={values[name] ?? ''}
                  onChange={(event) => set(name, event.target.value)}
                >
                  <option value="">{declared.default ?? 'Choose one'}</option>
                  {declared.enum.map((value) => (
                    <option key={value}>{value}</option>
                  ))}
                </select>
              )
            }
          </Field>
        ))}
      </div>
    </fieldset>
  );
}

function hintFor(name: string, inFile: readonly string[], declared: TemplateParameter | undefined): string | undefined {
  if (inFile.includes(name)) return 'From the file; this is for whoever has none there.';
  const kind = declared === undefined || declared.type === 'string' ? undefined : declared.type;
  return declared?.description ?? kind;
}
