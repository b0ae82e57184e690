import type { ReactNode } from 'react'
import type { ServiceWire } from '../../../ipc/work-snapshot.ts'
import { formatCount, formatRate, formatShare, formatTailShort } from '../../format/amounts.ts'
import { Fact } from '../network/fact.tsx'
import { serviceReason } from '../words/devices.ts'
import { SERVICE_WORDS } from '../words/work-words.ts'

const BACKENDS = { webgpu: 'WebGPU', wasm: 'Processor (WASM)' } as const

export function ServicesPanel({ services }: { readonly services: readonly ServiceWire[] }): ReactNode {
  return (
    <section className="panel" aria-labelledby="services-title">
      <div className="panel-head">
        <h2 id="services-title" className="panel-title">
          Models served
        </h2>
        <span className="panel-aside">{services.length === 0 ? '' : 'By this computer'}</span>
      </div>
      {services.length === 0 ? (
        <p className="empty">None yet. A model is loaded, tried and measured when you have joined.</p>
      ) : (
        <ul className="services">
          {services.map((service) => (
            <Service key={service.model} service={service} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Service({ service }: { readonly service: ServiceWire }): ReactNode {
  const { word, tone } = SERVICE_WORDS[service.state]
  const isRunning = service.backend !== null
  return (
    <li className="service" data-testid="service">
      <div className="service-head">
        <h3 className="service-name">{service.model}</h3>
        <span className="tag" data-tone={tone}>
          {word}
        </span>
      </div>
      {isRunning && (
        <p className="service-speed number">
          {formatRate(service.tokensPerSecond)} <span>tokens a second</span>
        </p>
      )}
      <p className="service-device">
        {service.backend !== null && <strong>{BACKENDS[service.backend]}</strong>}
        {service.numericClass !== '' && <span className="tag mono">{service.numericClass}</span>}
        <span className="service-adapter">{service.adapter}</span>
      </p>
      {(isRunning || service.state === 'unavailable') && service.reason !== '' && (
        <p className="service-reason" data-tone={service.state === 'unavailable' ? 'bad' : 'plain'}>
          {serviceReason(service.reason)}
        </p>
      )}
      <dl className="facts service-facts">
        <Fact name="Price, a million tokens" value={`${formatTailShort(service.price)} TAIL`} />
        <Fact name="Reputation" value={formatShare(service.reputationPpm)} />
        <Fact name="Share that is checked" value={formatShare(service.checkPpm)} />
        <Fact name="Receipts" value={formatCount(service.receipts)} />
        <Fact name="Checks" value={checksOf(service)} />
      </dl>
    </li>
  )
}

function checksOf({ checksPassed, checksFailed, withheld }: ServiceWire): string {
  const parts = [`${formatCount(checksPassed)} passed`]
  if (checksFailed > 0) {
    parts.push(`${formatCount(checksFailed)} failed`)
  }
  if (withheld > 0) {
    parts.push(`${formatCount(withheld)} not shown`)
  }
  return parts.join(', ')
}
