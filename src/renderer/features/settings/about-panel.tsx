import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { CopyButton } from '../app/copy-button.tsx'

interface AboutPanelProps {
  readonly snapshot: ScreenSnapshot
  /** The settings file. */
  readonly file: string
}

/** Where things lie and which version this is. */
export function AboutPanel({ snapshot, file }: AboutPanelProps): ReactNode {
  const { version, update, shell, endpoints, gateway } = snapshot
  return (
    <section className="panel about" aria-label="This installation">
      <h2 className="panel-title setting-group">This installation</h2>
      <dl>
        <div className="about-row">
          <dt>Version</dt>
          <dd data-testid="version">
            {`Tailrace ${version}, ${shell === 'desktop' ? 'desktop application' : 'service with this page'}`}
            <span className="about-update">{updateWords(update, shell)}</span>
          </dd>
        </div>
        <Place name="Data folder" value={snapshot.dataFolder} />
        <Place name="Settings file" value={file} />
        <Place name="Logs" value={snapshot.logFolder} />
        <Place name="Chain RPC" value={endpoints.rpc} />
        <Place name="This screen" value={endpoints.screen} />
        <Place name="OpenAI API" value={gateway?.baseUrl ?? ''} />
      </dl>
    </section>
  )
}

function Place({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  if (value === '') {
    return null
  }
  return (
    <div className="about-row">
      <dt>{name}</dt>
      <dd className="about-place">
        <span className="mono">{value}</span>
        <CopyButton className="foot-copy" name={name.toLowerCase()} value={value} />
      </dd>
    </div>
  )
}

function updateWords(update: ScreenSnapshot['update'], shell: ScreenSnapshot['shell']): string {
  if (update === null) {
    return 'No newer one is known.'
  }
  if (update.state === 'downloaded') {
    return `Version ${update.version} is here and takes over at the next start.`
  }
  return shell === 'desktop'
    ? `Version ${update.version} can be had.`
    : `Version ${update.version} can be had: install it as you did this one, then start anew.`
}
