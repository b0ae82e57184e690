/**
 * `npm run bench:chain -- [--json] [--quick] [--only NAME,…] [--engine embedded|cometbft] [--flood N]`: what the chain costs. Prints tables, or with
 * `--json` one JSON object as the last line, whose form is ChainReport (chain-report/report.ts). Sections: batches, transactions, blocks, appHash,
 * snapshots, power, signatures, flood. All but the flood together take some four minutes on two cores, the flood as long again: it is left
 * out unless `--flood N` (so many right and as many wrong transactions; the bar names 50,000) or `--only flood` asks for it.
 */
import { isMain } from '../scripts/files.ts'
import { measureChain } from './chain-report/measure-chain.ts'
import { chainOptionsOf } from './chain-report/options.ts'
import { printReport } from './chain-report/print-report.ts'

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  const report = await measureChain(chainOptionsOf(args), (section) => console.error(`${section} …`))
  if (args.includes('--json')) {
    console.log(JSON.stringify(report))
  } else {
    printReport(report)
  }
  return report.ok ? 0 : 1
}

if (isMain(import.meta.url)) process.exitCode = await main()
