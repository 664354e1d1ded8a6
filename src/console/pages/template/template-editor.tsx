import { Button, TextField } from '@radix-ui/themes';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import type { Template } from '../../../client/template-documents.ts';
import { useBotPath } from '../../data/bot.tsx';
import { useConnections } from '../../data/connections.ts';
import { useMay } from '../../data/session.tsx';
import { useSaveTemplate } from '../../data/templates.ts';
import { Field } from '../../parts/field.tsx';
import { Sheet } from '../../parts/page.tsx';
import { type Problems, problemAt, problemOf } from '../../parts/problems.ts';
import { explainError } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';
import { LanguagesPart } from './languages-part.tsx';
import { ParametersPart } from './parameters-part.tsx';
import { type TemplateDraft, writeTemplate } from './template-draft.ts';
import { TemplatePreview } from './template-preview.tsx';

interface TemplateEditorProps {
  readonly first: TemplateDraft;
  /** The newest version there is; 0: none. */
  readonly latest: number;
  readonly saved?: Template;
  readonly aside?: ReactNode;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function TemplateEditor({ first, latest, saved, aside }: TemplateEditorProps) {
  const [draft, setDraft] = useState(first);
  const [tag, setTag] = useState(first.default);
  const [missing, setMissing] = useState<Problems>([]);
  const save = useSaveTemplate();
  const connections = useConnections().data ?? [];
  const mayWrite = useMay('sender');
  const toasts = useToasts();
  const to = useBotPath();
  const [, go] = useLocation();
  const change = (changed: Partial<TemplateDraft>) => {
    setDraft((before) => ({ ...before, ...changed }));
    setMissing([]);
    save.reset();
  };
  const refused = save.isError ? problemOf(save.error) : null;
  const problems = refused === null ? missing : [...missing, refused];
  const put = () => {
    const written = writeTemplate(draft);
    const misnamed = NAME.test(draft.name) ? [] : [{ pointer: '/name', sentence: NAME_RULE }];
    if ('problems' in written || misnamed.length > 0) {
      setMissing([...misnamed, ...('problems' in written ? written.problems : [])]);
      return;
    }
    const edit = { name: draft.name, definition: written.definition, expected: latest };
    save.mutate(edit, {
      onSuccess: ({ name, version }) => {
        toasts.done(version === latest ? 'Nothing was changed' : `${name} is saved as version ${version}`);
        go(to(`templates/${name}`));
      },
    });
  };
  const isChanged = saved === undefined || JSON.stringify(draft) !== JSON.stringify(first);
  const variant = draft.variants.find((each) => each.tag === tag) ?? draft.variants[0];
  return (
    <div className="split">
      <div className="stack">
        <fieldset className="template-form" disabled={!mayWrite || save.isPending}>
          <legend className="only-heard">The template</legend>
          <Sheet title="Template">
            <div className="form">
              {latest === 0 && (
                <Field label="Name" hint={`By it programs send it: ${NAME_RULE}.`} error={problemAt(problems, '/name')}>
                  {(tie) => (
                    <TextField.Root
                      {...tie}
                      placeholder="welcome"
                      value={draft.name}
                      onChange={({ target }) => change({ name: target.value })}
                    />
                  )}
                </Field>
              )}
              <Field label="Description" optional error={problemAt(problems, '/description')}>
                {(tie) => (
                  <TextField.Root
                    {...tie}
                    placeholder="For those who look for it"
                    value={draft.description}
                    onChange={({ target }) => change({ description: target.value })}
                  />
                )}
              </Field>
            </div>
          </Sheet>
          <LanguagesPart
            {...{ draft, change, problems, connections }}
            shown={variant?.tag ?? draft.default}
            onShow={setTag}
          />
          <ParametersPart {...{ draft, change, problems }} />
        </fieldset>
        {mayWrite && (
          <Sheet>
            <div className="template-save">
              <Button loading={save.isPending} disabled={!isChanged && saved?.archivedAt === null} onClick={put}>
                {latest === 0 ? 'Save' : `Save as version ${latest + 1}`}
              </Button>
              {problems.length > 0 && (
                <p className="field-error" role="alert">
                  {problems
                    .map(({ pointer, sentence }) => `${pointer.slice(1).replaceAll('/', ' › ')} ${sentence}`)
                    .join('. ')}
                </p>
              )}
              {save.isError && refused === null && (
                <p className="field-error" role="alert">
                  {explainError(save.error).title}. {explainError(save.error).fix}
                </p>
              )}
            </div>
          </Sheet>
        )}
      </div>
      <div className="stack">
        {variant !== undefined && (
          <TemplatePreview
            draft={draft}
            variant={variant}
            connections={connections}
            saved={isChanged ? null : (saved ?? null)}
          />
        )}
        {aside}
      </div>
    </div>
  );
}

const NAME_RULE = 'small letters, digits, dots, dashes and underscores, 64 at most';
