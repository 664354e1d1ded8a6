import { Cross2Icon, PlusIcon } from '@radix-ui/react-icons';
import { Button, Checkbox, IconButton, Text, TextArea, TextField } from '@radix-ui/themes';
import { PARAMETER_TYPES } from '../../../model/template.ts';
import { Field } from '../../parts/field.tsx';
import { numbered } from '../../parts/numbered.ts';
import { Sheet } from '../../parts/page.tsx';
import { type Problems, problemAt } from '../../parts/problems.ts';
import type { TemplatePartProps } from './languages-part.tsx';
import { isParameterType, newParameter, type ParameterDraft, undeclared } from './template-draft.ts';

/** What the tokens of the messages stand for: each is declared, and what is sent has to fit. */
export function ParametersPart({ draft, change, problems }: TemplatePartProps) {
  const { parameters } = draft;
  const lacking = undeclared(draft);
  const set = (at: number, changed: Partial<ParameterDraft>) =>
    change({ parameters: parameters.map((each, index) => (index === at ? { ...each, ...changed } : each)) });
  const add = (name: string) => change({ parameters: [...parameters, newParameter(name)] });
  return (
    <Sheet
      title="Parameters"
      aside={
        <Button type="button" size="1" variant="soft" color="gray" onClick={() => add('')}>
          <PlusIcon /> Parameter
        </Button>
      }
    >
      <div className="stack">
        {parameters.length === 0 && lacking.length === 0 && (
          <p className="quiet template-note">
            Write {'{name}'} in a message, and say here what it is. Whoever sends the template gives the value.
          </p>
        )}
        {lacking.length > 0 && (
          <p className="template-lacking" role="status">
            Not declared yet:
            {lacking.map((name) => (
              <Button key={name} type="button" size="1" variant="soft" onClick={() => add(name)}>
                <PlusIcon /> {name}
              </Button>
            ))}
          </p>
        )}
        {numbered(parameters).map(({ at, item }) => (
          <Parameter
            key={at}
            parameter={item}
            problems={problems}
            onChange={(changed) => set(at, changed)}
            onDrop={() => change({ parameters: parameters.filter((_, index) => index !== at) })}
          />
        ))}
      </div>
    </Sheet>
  );
}

interface ParameterProps {
  readonly parameter: ParameterDraft;
  readonly problems: Problems;
  readonly onChange: (changed: Partial<ParameterDraft>) => void;
  readonly onDrop: () => void;
}

function Parameter({ parameter, problems, onChange, onDrop }: ParameterProps) {
  const { name, type, isRequired, values, maxLength, description } = parameter;
  const place = `/parameters/${name.trim()}`;
  return (
    <fieldset className="parameter">
      <legend className="only-heard">Parameter {name}</legend>
      <div className="parameter-fields">
        <Field
          label="Name"
          error={problemAt(
            problems.filter(({ pointer }) => pointer === place),
            place,
          )}
        >
          {(tie) => (
            <TextField.Root
              {...tie}
              className="mono"
              value={name}
              onChange={({ target }) => onChange({ name: target.value })}
            />
          )}
        </Field>
        <Field label="Type">
          {(tie) => (
            <select
              {...tie}
              className="select"
              value={type}
              onChange={({ target }) => isParameterType(target.value) && onChange({ type: target.value })}
            >
              {PARAMETER_TYPES.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Default" optional error={problemAt(problems, `${place}/default`)}>
          {(tie) => (
            <TextField.Root
              {...tie}
              value={parameter.default}
              onChange={({ target }) => onChange({ default: target.value })}
            />
          )}
        </Field>
        <IconButton
          type="button"
          variant="ghost"
          color="gray"
          className="parameter-drop"
          aria-label={`Take ${name || 'the parameter'} out`}
          onClick={onDrop}
        >
          <Cross2Icon />
        </IconButton>
      </div>
      <Text as="label" size="2" className="check">
        <Checkbox
          checked={isRequired && parameter.default === ''}
          disabled={parameter.default !== ''}
          onCheckedChange={(checked) => onChange({ isRequired: checked === true })}
        />
        Whoever sends it has to give it
      </Text>
      <details className="parameter-more">
        <summary>What it may be</summary>
        <div className="parameter-fields">
          <Field label="Only these values" optional hint="One a line." error={problemAt(problems, `${place}/enum`)}>
            {(tie) => (
              <TextArea
                {...tie}
                rows={3}
                value={values}
                onChange={({ target }) => onChange({ values: target.value })}
              />
            )}
          </Field>
          <Field label="Longest" optional hint="Characters." error={problemAt(problems, `${place}/maxLength`)}>
            {(tie) => (
              <TextField.Root
                {...tie}
                inputMode="numeric"
                value={maxLength}
                onChange={({ target }) => onChange({ maxLength: target.value })}
              />
            )}
          </Field>
          <Field label="Description" optional error={problemAt(problems, `${place}/description`)}>
            {(tie) => (
              <TextField.Root
                {...tie}
                value={description}
                onChange={({ target }) => onChange({ description: target.value })}
              />
            )}
          </Field>
        </div>
      </details>
    </fieldset>
  );
}
