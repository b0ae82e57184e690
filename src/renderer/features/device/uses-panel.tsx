import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { ServiceWire } from '../../../ipc/work-snapshot.ts'
import { formatRate } from '../../format/amounts.ts'
import { backendReason, serviceReason } from '../words/devices.ts'

/** Which backend is used for what, and why not a faster one. */
export function UsesPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { backend, work, earningNotice } = snapshot
  return (
    <section className="panel" aria-labelledby="uses-title">
      <div className="panel-head">
        <h2 id="uses-title" className="panel-title">
          What is used for what
        </h2>
      </div>
      <dl className="dev-uses">
        <Use
          name="Races"
          value={backend === null ? 'Nothing yet' : BACKEND_NAMES[backend.kind]}
          why={backend === null ? 'Decided when the device is checked.' : backendReason(backend.reason)}
        />
        {work === null || work.services.length === 0 ? (
          <Use name="Models" value="None served" why="This host races and checks only." />
        ) : (
          work.services.map((service) => <ServiceUse key={service.model} service={service} />)
        )}
      </dl>
      {earningNotice !== null && (
        <p className="device-notice number">
          Each find counts the same, and at {formatRate(Number(earningNotice.fields.attemptsPerSecond ?? 0))} attempts a
          second there are few: expect a small share where real GPUs race.
        </p>
      )}
    </section>
  )
}

const BACKEND_NAMES = { webgpu: 'The GPU', cpu: 'The processor' } as const

function ServiceUse({ service }: { readonly service: ServiceWire }): ReactNode {
  const { model, backend, adapter, tokensPerSecond, reason, state } = service
  const name = backend === null ? 'Nothing' : backend === 'webgpu' ? 'The GPU' : 'The processor (WASM)'
  const speed = tokensPerSecond > 0 ? `, ${formatRate(tokensPerSecond)} tokens a second` : ''
  const where = adapter === '' ? '' : ` ${adapter}.`
  return (
    <Use
      name={`Model ${model}`}
      value={state === 'loading' ? 'Loading …' : `${name}${speed}`}
      why={state === 'loading' ? 'Tried on each backend first.' : `${serviceReason(reason)}${where}`}
    />
  )
}

interface UseProps {
  readonly name: string
  readonly value: string
  readonly why: string
}

function Use({ name, value, why }: UseProps): ReactNode {
  return (
    <div className="dev-use">
      <dt>{name}</dt>
      <dd className="dev-use-value number">{value}</dd>
      <dd className="dev-use-why">{why}</dd>
    </div>
  )
}
