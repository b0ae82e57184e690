import type { ReactNode } from 'react'
import { useState } from 'react'
import type { GatewaySnapshot } from '../../../ipc/work-snapshot.ts'
import { CopyButton } from '../app/copy-button.tsx'
import type { Segment } from '../app/segments.tsx'
import { Segments } from '../app/segments.tsx'
import { CodeBlock } from './code-block.tsx'
import { isDemoModel } from './demo-model.ts'
import type { SnippetTarget } from './snippets.ts'
import { curlSnippet, nodeSnippet, pythonSnippet } from './snippets.ts'

type Language = 'curl' | 'node' | 'python'

const LANGUAGES: readonly Segment<Language>[] = [
  { value: 'curl', name: 'curl' },
  { value: 'node', name: 'Node' },
  { value: 'python', name: 'Python' },
]

const SNIPPETS: Readonly<Record<Language, (target: SnippetTarget) => string>> = {
  curl: curlSnippet,
  node: nodeSnippet,
  python: pythonSnippet,
}

export function EndpointPanel({ gateway }: { readonly gateway: GatewaySnapshot }): ReactNode {
  const [language, setLanguage] = useState<Language>('curl')
  return (
    <section className="panel" aria-labelledby="endpoint-title">
      <div className="panel-head">
        <h2 id="endpoint-title" className="panel-title">
          Your endpoint
        </h2>
        <span className="panel-aside">On this computer alone</span>
      </div>
      <dl className="endpoint">
        <EndpointFact name="Address" value={gateway.baseUrl} />
        <EndpointFact name="API key" value={gateway.apiKey} />
        <EndpointFact name="Model" value={gateway.model} />
      </dl>
      <CodeBlock name={language === 'curl' ? 'the curl line' : 'the program'} code={SNIPPETS[language](gateway)}>
        <Segments legend="Language" group="language" segments={LANGUAGES} value={language} onChange={setLanguage} />
      </CodeBlock>
      {isDemoModel(gateway.model) && (
        <p className="endpoint-note">
          {gateway.model} is a demo model: it is tiny and babbles. Everything around it, from the order to the receipt,
          is the real thing.
        </p>
      )}
    </section>
  )
}

function EndpointFact({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  return (
    <div className="endpoint-fact">
      <dt>{name}</dt>
      <dd className="mono endpoint-value">{value === '' ? '—' : value}</dd>
      <dd>{value !== '' && <CopyButton className="foot-copy" name={name.toLowerCase()} value={value} />}</dd>
    </div>
  )
}
