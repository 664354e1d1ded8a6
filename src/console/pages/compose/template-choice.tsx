import { Link } from 'wouter';
import { useBotPath } from '../../data/bot.tsx';
import { useTemplate, useTemplates, useTemplateVersions } from '../../data/templates.ts';
import { Field } from '../../parts/field.tsx';
import { ParameterFields } from '../../parts/message/parameter-fields.tsx';
import { problemAt } from '../../parts/problems.ts';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import type { MessagePartProps } from './message-part.tsx';

/** Which template says it, and what its parameters stand for. */
export function TemplateChoice({ draft, change, problems, file }: MessagePartProps) {
  const templates = useTemplates();
  const to = useBotPath();
  if (templates.isPending) return <Loading lines={2} />;
  if (templates.isError) return <Trouble error={templates.error} retry={templates.refetch} />;
  const names = templates.data.pages.flatMap((page) => page.templates.map(({ name }) => name));
  if (names.length === 0)
    return (
      <Empty
        title="There is no template yet"
        action={
          <Link href={to('templates/~new')} className="link">
            Write one
          </Link>
        }
      >
        A template says the same again and again, in the language of each person.
      </Empty>
    );
  const { name } = draft.template;
  return (
    <div className="form">
      <Field label="Template" error={problemAt(problems, '/template')}>
        {(tie) => (
          <select
            {...tie}
            className="select"
            value={names.includes(name) ? name : ''}
            onChange={({ target }) => change({ template: { name: target.value, version: null } })}
          >
            <option value="">Choose a template</option>
            {names.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        )}
      </Field>
      {names.includes(name) && <Chosen {...{ draft, change, problems, file }} />}
    </div>
  );
}

function Chosen({ draft, change, problems, file }: Pick<MessagePartProps, 'draft' | 'change' | 'problems' | 'file'>) {
  const { name, version } = draft.template;
  const template = useTemplate(name, version);
  const versions = useTemplateVersions(name);
  if (template.isPending) return <Loading lines={2} />;
  if (template.isError) return <Trouble error={template.error} retry={template.refetch} />;
  const { parameters = {}, variants, description } = template.data;
  const known = versions.data?.pages.flatMap((page) => page.templates.map((each) => each.version)) ?? [];
  return (
    <>
      {description !== undefined && <p className="quiet compose-note">{description}</p>}
      <div className="halves">
        <Field label="Version">
          {(tie) => (
            <select
              {...tie}
              className="select"
              value={version ?? ''}
              onChange={({ target }) =>
                change({ template: { name, version: target.value === '' ? null : Number(target.value) } })
              }
            >
              <option value="">The newest</option>
              {known.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          )}
        </Field>
        <div className="field">
          <span className="field-label">Languages</span>
          <p className="quiet">{Object.keys(variants).join(', ')}: each person gets their own.</p>
        </div>
      </div>
      <ParameterFields
        names={Object.entries(parameters).map(([each, declared]) => ({ name: each, declared }))}
        inFile={file?.parameters ?? []}
        values={draft.parameters}
        problems={problems}
        onChange={(changed) => change({ parameters: changed })}
      />
    </>
  );
}
