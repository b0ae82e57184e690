import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { CopyButton } from './copy-button.tsx'

export function Foot({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  return (
    <footer className="foot">
      <dl className="foot-list">
        <FootFact name="Your address" value={snapshot.ownerAddress} />
        <FootFact name="Chain RPC" value={snapshot.endpoints.rpc} />
        <FootFact name="Data" value={snapshot.dataFolder} />
        <FootFact name="Logs" value={snapshot.logFolder} />
      </dl>
      <p className="foot-version number">
        Tailrace {snapshot.version} · {snapshot.chain.chainId}
      </p>
    </footer>
  )
}

function FootFact({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  if (value === '') {
    return null
  }
  return (
    <div className="foot-fact">
      <dt>{name}</dt>
      <dd className="mono" title={value}>
        {value}
      </dd>
      <dd>
        <CopyButton className="foot-copy" name={name.toLowerCase()} value={value} />
      </dd>
    </div>
  )
}
