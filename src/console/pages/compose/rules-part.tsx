import { Checkbox, Text, TextField } from '@radix-ui/themes';
import { LANES, type Lane } from '../../../model/notification.ts';
import { Field } from '../../parts/field.tsx';
import { Sheet } from '../../parts/page.tsx';
import { problemAt } from '../../parts/problems.ts';
import type { PartProps } from './compose.tsx';

/** What kind of message it is, and what happens when it goes wrong. */
export function RulesPart(props: PartProps) {
  const { draft, change, problems } = props;
  return (
    <Sheet title="How">
      <div className="form">
        <div className="halves">
          <Field
            label="Category"
            optional
            hint="A word of your own, such as newsletter. Whoever declined it is left out."
            error={problemAt(problems, '/category')}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                value={draft.category}
                onChange={({ target }) => change({ category: target.value })}
              />
            )}
          </Field>
          <Field label="Priority" hint={PRIORITIES[draft.priority]} error={problemAt(problems, '/priority')}>
            {(tie) => (
              <select
                {...tie}
                className="select"
                value={draft.priority}
                onChange={({ target }) => change({ priority: target.value as Lane | '' })}
              >
                <option value="">By the number of recipients</option>
                {LANES.map((lane) => (
                  <option key={lane}>{lane}</option>
                ))}
              </select>
            )}
          </Field>
        </div>
        {draft.priority === 'urgent' && draft.category !== '' && (
          <Field
            label="Why it goes to whoever declined the category too"
            optional
            hint="Empty: they are left out."
            error={problemAt(problems, '/overridePreferences')}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                value={draft.overridePreferences}
                onChange={({ target }) => change({ overridePreferences: target.value })}
              />
            )}
          </Field>
        )}
        <CanaryFields {...props} />
        <CeilingFields {...props} />
      </div>
    </Sheet>
  );
}

const PRIORITIES: Readonly<Record<Lane | '', string>> = {
  '': 'Normal for up to a hundred recipients, else bulk.',
  urgent: 'Before all others, and given up after ten minutes.',
  normal: 'Before what is bulk.',
  bulk: 'Nobody else waits for it.',
};

function CanaryFields({ draft: { canary }, change, problems }: PartProps) {
  return (
    <div className="hours">
      <Text as="label" size="2" className="check">
        <Checkbox
          checked={canary !== null}
          onCheckedChange={(checked) =>
            change({ canary: checked === true ? { first: '5 %', maxFailurePercent: '5', next: 'continue' } : null })
          }
        />
        Send a few ahead, and the others only if that went well
      </Text>
      {canary !== null && (
        <div className="hours-fields hours-times">
          <Field
            label="How many ahead"
            hint="A number, or a share: 5 %."
            error={problemAt(problems, '/canary/first', '/canary/share', '/canary')}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                value={canary.first}
                onChange={({ target }) => change({ canary: { ...canary, first: target.value } })}
              />
            )}
          </Field>
          <Field label="Stop if more fail (%)" error={problemAt(problems, '/canary/maxFailureShare')}>
            {(tie) => (
              <TextField.Root
                {...tie}
                inputMode="decimal"
                value={canary.maxFailurePercent}
                onChange={({ target }) => change({ canary: { ...canary, maxFailurePercent: target.value } })}
              />
            )}
          </Field>
          <Field label="If it went well">
            {(tie) => (
              <select
                {...tie}
                className="select"
                value={canary.next}
                onChange={({ target }) =>
                  change({ canary: { ...canary, next: target.value === 'pause' ? 'pause' : 'continue' } })
                }
              >
                <option value="continue">The others follow</option>
                <option value="pause">Wait for somebody to resume it</option>
              </select>
            )}
          </Field>
        </div>
      )}
    </div>
  );
}

function CeilingFields({ draft: { pauseWhen }, change, problems }: PartProps) {
  return (
    <div className="hours">
      <Text as="label" size="2" className="check">
        <Checkbox
          checked={pauseWhen !== null}
          onCheckedChange={(checked) =>
            change({ pauseWhen: checked === true ? { failurePercent: '10', after: '100' } : null })
          }
        />
        Pause it when too many fail
      </Text>
      {pauseWhen !== null && (
        <div className="hours-fields hours-times">
          <Field label="More than (%)" error={problemAt(problems, '/pauseWhen/failureShare')}>
            {(tie) => (
              <TextField.Root
                {...tie}
                inputMode="decimal"
                value={pauseWhen.failurePercent}
                onChange={({ target }) => change({ pauseWhen: { ...pauseWhen, failurePercent: target.value } })}
              />
            )}
          </Field>
          <Field label="Of at least so many" error={problemAt(problems, '/pauseWhen/after')}>
            {(tie) => (
              <TextField.Root
                {...tie}
                inputMode="numeric"
                value={pauseWhen.after}
                onChange={({ target }) => change({ pauseWhen: { ...pauseWhen, after: target.value } })}
              />
            )}
          </Field>
        </div>
      )}
    </div>
  );
}
