import { TextArea, TextField } from '@radix-ui/themes';
import { Field } from '../../parts/field.tsx';
import { type Problems, problemAt } from '../../parts/problems.ts';
import { readExclusion } from './audience.ts';
import type { ExclusionDraft } from './draft.ts';

interface ExclusionFieldsProps {
  readonly exclude: ExclusionDraft;
  readonly problems: Problems;
  readonly onChange: (changed: Partial<ExclusionDraft>) => void;
}

/** Who is left out, however they are named. */
export function ExclusionFields({ exclude, problems, onChange }: ExclusionFieldsProps) {
  const { identities, tags, notifications } = exclude;
  return (
    <details className="exclusion" open={readExclusion(exclude) !== null || undefined}>
      <summary>Leave somebody out</summary>
      <div className="form">
        <Field label="These people" optional error={problemAt(problems, '/exclude/identities')}>
          {(tie) => (
            <TextArea
              {...tie}
              rows={2}
              placeholder="ceo@abc.com"
              value={identities}
              onChange={({ target }) => onChange({ identities: target.value })}
            />
          )}
        </Field>
        <div className="parameters-fields">
          <Field label="Whoever has one of these tags" optional error={problemAt(problems, '/exclude/tags')}>
            {(tie) => (
              <TextField.Root
                {...tie}
                placeholder="on-leave"
                value={tags}
                onChange={({ target }) => onChange({ tags: target.value })}
              />
            )}
          </Field>
          <Field
            label="The recipients of these notifications"
            optional
            error={problemAt(problems, '/exclude/notifications', '/exclude')}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                placeholder="ds-…"
                value={notifications}
                onChange={({ target }) => onChange({ notifications: target.value })}
              />
            )}
          </Field>
        </div>
      </div>
    </details>
  );
}
