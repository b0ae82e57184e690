import type { ReactNode } from 'react'
import type { AdapterDetailsWire } from '../../../ipc/snapshot.ts'
import { formatBytes, formatCount } from '../../format/amounts.ts'
import { Fact } from '../network/fact.tsx'

const LIMIT_NAMES: Readonly<Record<string, string>> = {
  maxBufferSize: 'Largest buffer',
  maxStorageBufferBindingSize: 'Largest storage binding',
  maxStorageBuffersPerShaderStage: 'Storage buffers of a shader',
  maxComputeWorkgroupStorageSize: 'Memory of a workgroup',
  maxComputeInvocationsPerWorkgroup: 'Invocations of a workgroup',
  maxComputeWorkgroupSizeX: 'Width of a workgroup',
  maxComputeWorkgroupsPerDimension: 'Workgroups in a row',
}

interface AdapterPanelProps {
  readonly details: AdapterDetailsWire
  readonly isSoftware: boolean
}

/** What WebGPU says of the adapter. */
export function AdapterPanel({ details, isSoftware }: AdapterPanelProps): ReactNode {
  const { vendor, architecture, device, description, features, languageFeatures, limits } = details
  return (
    <section className="panel" aria-labelledby="adapter-title">
      <div className="panel-head">
        <h2 id="adapter-title" className="panel-title">
          What WebGPU says
        </h2>
        <span className="panel-aside">{isSoftware ? 'software adapter' : 'hardware adapter'}</span>
      </div>
      <dl className="facts">
        <Fact name="Maker" value={told(vendor)} />
        <Fact name="Architecture" value={told(architecture)} />
        <Fact name="Device" value={told(device)} />
        <Fact name="Description" value={told(description)} />
        {limits.map(({ name, value }) => (
          <Fact key={name} name={LIMIT_NAMES[name] ?? name} value={limitText(name, value)} />
        ))}
      </dl>
      <Names title="WebGPU features" names={features} />
      <Names title="Shader language features" names={languageFeatures} />
    </section>
  )
}

function told(text: string): string {
  return text === '' ? 'hidden by the browser' : text
}

function limitText(name: string, value: number): string {
  return /Size$/.test(name) && !name.includes('WorkgroupSize') ? formatBytes(value) : formatCount(value)
}

function Names({ title, names }: { readonly title: string; readonly names: readonly string[] }): ReactNode {
  return (
    <details className="dev-names">
      <summary>
        {formatCount(names.length)} {title}
      </summary>
      <ul>
        {names.map((name) => (
          <li key={name} className="tag mono">
            {name}
          </li>
        ))}
      </ul>
    </details>
  )
}
