export const HELP = `tailrace — join a network that pays for proven GPU work

Usage
  tailrace start [options]     the app on a local network: a chain node, two companions, your host, the screen
  tailrace node  --home DIR    one chain node
  tailrace host  --home DIR --rpc URL [--join]   one host on the CPU
  tailrace gateway --home DIR --rpc URL [--port N]   an OpenAI-compatible gateway on loopback (default port 8080)
  tailrace key create --home DIR --rpc URL [--amount UTAIL] [--model ID] [--max-price UTAIL] [--limit UTAIL]
                                                 an API key, funded by a deposit from the account in DIR
  tailrace receipt verify FILE [--rpc URL]       does this receipt hold, by itself and on the chain?
  tailrace version | help

Options of start
  --home DIR                 data folder (default: the platform's place for application data)
  --screen-port N            port of the screen on loopback (default 7345; 0 = any free port)
  --rpc-port N               port of the chain's RPC on loopback (default: any free port, kept over restarts)
  --no-open                  do not open a browser; print the link
  --allow-software-adapter   race through WebGPU even where the adapter is software
  --reset                    begin the local network anew; the keys of your own host stay
  --json                     print one JSON line with the endpoints when ready

Examples
  tailrace start
  tailrace start --home ./net --screen-port 0 --no-open --json
  tailrace host --home ./h3 --rpc http://127.0.0.1:26657 --listen /ip4/127.0.0.1/tcp/0 --join

Exit codes: 0 done, 1 failed, 2 bad usage.
`
