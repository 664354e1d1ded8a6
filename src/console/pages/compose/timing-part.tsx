import { Checkbox, Text, TextField } from '@radix-ui/themes';
import { useId } from 'react';
import { DAYS } from '../../../model/hours.ts';
import { Field } from '../../parts/field.tsx';
import { Sheet } from '../../parts/page.tsx';
import { type Problems, problemAt } from '../../parts/problems.ts';
import type { PartProps } from './compose.tsx';
import type { HoursDraft, TimingDraft } from './draft.ts';

/** The clock that the fields for times go by. */
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = Intl.supportedValuesOf('timeZone');

/** When. */
export function TimingPart({ draft, change, problems }: PartProps) {
  const { timing } = draft;
  const set = (changed: Partial<TimingDraft>) => change({ timing: { ...timing, ...changed } });
  return (
    <Sheet title="When">
      <div className="form">
        <div className="halves">
          <Field
            label="Not before"
            optional
            hint={`By your clock, ${HERE}. Empty: at once.`}
            error={problemAt(problems, '/sendAt')}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                type="datetime-local"
                value={timing.sendAt}
                onChange={({ target }) => set({ sendAt: target.value })}
              />
            )}
          </Field>
          <Field
            label="Not after"
            optional
            hint="Whoever was not reached by then is not sent it any more."
            error={problemAt(problems, '/expiresAt')}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                type="datetime-local"
                value={timing.expiresAt}
                onChange={({ target }) => set({ expiresAt: target.value })}
              />
            )}
          </Field>
        </div>
        <HoursFields
          label="Only within these hours"
          place="/window"
          first={{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', until: '18:00', timeZone: 'person' }}
          hours={timing.window}
          problems={problems}
          onChange={(window) => set({ window })}
        />
        <HoursFields
          label="Not within these hours"
          place="/quietHours"
          first={{ days: [], from: '20:00', until: '08:00', timeZone: 'person' }}
          hours={timing.quietHours}
          problems={problems}
          onChange={(quietHours) => set({ quietHours })}
        />
        {draft.priority === 'urgent' && (
          <Field
            label="Why it is sent within the bot's quiet hours too"
            optional
            hint="Empty: it waits for their end. What you write is kept with the notification."
            error={problemAt(problems, '/overrideQuietHours')}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                value={timing.overrideQuietHours}
                onChange={({ target }) => set({ overrideQuietHours: target.value })}
              />
            )}
          </Field>
        )}
      </div>
    </Sheet>
  );
}

interface HoursFieldsProps {
  readonly label: string;
  readonly place: string;
  /** What is suggested. */
  readonly first: HoursDraft;
  readonly hours: HoursDraft | null;
  readonly problems: Problems;
  readonly onChange: (hours: HoursDraft | null) => void;
}

const DAY_NAMES = { sun: 'Sun', mon: 'Mon', tue: 'Tue', wed: 'Wed', thu: 'Thu', fri: 'Fri', sat: 'Sat' } as const;
/** A week of work begins on Monday. */
const WEEK = [...DAYS.slice(1), ...DAYS.slice(0, 1)];

function HoursFields({ label, place, first, hours, problems, onChange }: HoursFieldsProps) {
  const zones = useId();
  const set = (changed: Partial<HoursDraft>) => onChange({ ...(hours ?? first), ...changed });
  return (
    <div className="hours">
      <Text as="label" size="2" className="check">
        <Checkbox checked={hours !== null} onCheckedChange={(checked) => onChange(checked === true ? first : null)} />
        {label}
      </Text>
      {hours !== null && (
        <div className="hours-fields">
          <div className="hours-times">
            <Field label="From" error={problemAt(problems, `${place}/from`)}>
              {(tie) => (
                <TextField.Root
                  {...tie}
                  type="time"
                  value={hours.from}
                  onChange={({ target }) => set({ from: target.value })}
                />
              )}
            </Field>
            <Field label="Until" error={problemAt(problems, `${place}/until`)}>
              {(tie) => (
                <TextField.Root
                  {...tie}
                  type="time"
                  value={hours.until}
                  onChange={({ target }) => set({ until: target.value })}
                />
              )}
            </Field>
            <Field label="Whose clock" error={problemAt(problems, `${place}/timeZone`)}>
              {(tie) => (
                <>
                  <TextField.Root
                    {...tie}
                    list={zones}
                    placeholder="Each person's own"
                    value={hours.timeZone === 'person' ? '' : hours.timeZone}
                    onChange={({ target }) => set({ timeZone: target.value === '' ? 'person' : target.value })}
                  />
                  <datalist id={zones}>
                    {ZONES.map((zone) => (
                      <option key={zone} value={zone} />
                    ))}
                  </datalist>
                </>
              )}
            </Field>
          </div>
          <fieldset className="days">
            <legend>On which days they begin; none: on every day</legend>
            {WEEK.map((day) => (
              <Text as="label" size="2" className="check" key={day}>
                <Checkbox
                  checked={hours.days.includes(day)}
                  onCheckedChange={(checked) =>
                    set({ days: WEEK.filter((each) => (each === day ? checked === true : hours.days.includes(each))) })
                  }
                />
                {DAY_NAMES[day]}
              </Text>
            ))}
          </fieldset>
        </div>
      )}
    </div>
  );
}
