# SPDX-License-Identifier: MIT
"""From runs to figures, and from figures to the printed tables."""

import os
import platform
import statistics

# Below this share of its core the server waited for the generator: then its CPU time per request
# tells more than its rate.
BUSY_ENOUGH = 0.97

EXPLANATION = """\
{processor}, Linux {kernel}; server on one core, load generator on another.

mad is the median absolute deviation. "by rate" and "by CPU" compare with the hand-written loop of
the same backend (peers: with the epoll loop), round by round: above 1 is better than the loop. The
one marked * counts: a server busy for less than {busy:.0%} of the time waited for the generator.
"""

# (field, unit, goal, what) per micro test; a goal is an upper bound
MICRO_FIELDS = {
    "switch": [("ns", "ns", 3, "switch of stacks")],
    "yield": [("ns", "ns", 6, "yield through the scheduler")],
    "spawn": [("ns", "ns", 30, "spawn and finish a task")],
    "chan": [("ns", "ns", 30, "channel of 128, per value")],
    "chan0": [("ns", "ns", None, "rendezvous, per value")],
    "lock": [("ns", "ns", None, "take and release a free lock"),
             ("contended_ns", "ns", None, "the same, contended")],
    "timer": [("ns", "ns", 40, "cancel and set a timer, a million pending"),
              ("scope_ns", "ns", None, "a timeout block, a million pending")],
    "mem": [("bytes", "bytes", 4500, "a sleeping task: resident memory"),
            ("page_table_bytes", "bytes", None, "a sleeping task: page tables"),
            ("us", "us", 2, "start a task and let it sleep"),
            ("end_us", "us", None, "cancel and end it")],
    "events": [("ns", "ns", None, "timer event, busy loop"),
               ("paced_ns", "ns", None, "timer event, 200,000 a second (CPU)")],
}


def summary(values):
    """Median and spread; mad is the median absolute deviation."""
    middle = statistics.median(values)
    return {"median": middle, "min": min(values), "max": max(values),
            "mad": statistics.median(abs(value - middle) for value in values)}


def summarise_speed(contenders, runs):
    """Per contender the figures of all rounds; ratios are taken round by round, because the two
    runs of one round met the same machine. Above 1 is better than the reference in both ratios."""
    rows = []
    for contender in contenders:
        own, reference = runs.get(contender.name), runs.get(contender.reference)
        if not own:
            continue
        rate = summary([run["requests_per_second"] for run in own])
        cpu = summary([run["server_us_per_request"] for run in own])
        row = {"name": contender.name, "group": contender.group, "requests_per_second": rate,
               "server_us_per_request": cpu, "busy": rate["median"] * cpu["median"] / 1e6,
               "megabytes_per_second": summary([run["megabytes_per_second"] for run in own]),
               "p50_us": statistics.median(run["p50_us"] for run in own),
               "p99_us": statistics.median(run["p99_us"] for run in own)}
        if reference:
            pairs = list(zip(own, reference))
            row["rate_ratio"] = summary([a["requests_per_second"] / b["requests_per_second"]
                                         for a, b in pairs])
            row["cpu_ratio"] = summary([b["server_us_per_request"] / a["server_us_per_request"]
                                        for a, b in pairs])
            row["reference"] = contender.reference
            row["ratio_by"] = "rate" if row["busy"] >= BUSY_ENOUGH else "cpu"
        rows.append(row)
    return rows


def summarise_micro(results):
    rows = []
    for result in results:
        for field, unit, goal, what in MICRO_FIELDS[result["test"]]:
            rows.append({"test": result["test"], "n": result["n"], "field": field, "unit": unit,
                         "goal": goal, "what": what,
                         **summary([run[field] for run in result["runs"]])})
    return rows


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="ascii")
                  if line.startswith("model name")), platform.machine())
    kernel = ".".join(platform.release().split(".")[:2])
    return {"kernel": kernel, "processor": model, "cores": os.cpu_count()}


def table(header, rows):
    """Columns as wide as their widest cell; the first is text, the rest are numbers."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        print("  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))))
    print()


def ratio_cell(row, by):
    if f"{by}_ratio" not in row:
        return "-"
    ratio = row[f"{by}_ratio"]
    mark = "*" if row["ratio_by"] == by else " "
    return f"{ratio['median']:.3f} ±{ratio['mad']:.3f}{mark}"


def print_speed(title, rows, large=False):
    print(title)
    cells = []
    for row in rows:
        value = row["megabytes_per_second" if large else "requests_per_second"]
        mad_percent = 100 * value["mad"] / value["median"]
        cells.append([row["name"], f"{value['median']:,.0f}",
                      f"{value['min']:,.0f}..{value['max']:,.0f}", f"±{mad_percent:.1f} %",
                      f"{row['server_us_per_request']['median']:.2f}", f"{row['busy']:.2f}",
                      ratio_cell(row, "rate"), ratio_cell(row, "cpu"),
                      f"{row['p50_us']:,.0f}", f"{row['p99_us']:,.0f}"])
    table(["", "MB/s" if large else "requests/s", "range", "mad", "CPU us", "busy",
           "by rate", "by CPU", "p50 us", "p99 us"], cells)


def print_counts(counts):
    print("Per request, 64 bytes, 50 connections: user-space instructions, system calls")
    cells = []
    for name, count in counts.items():
        instructions, calls = count["instructions"], count["system_calls"]
        text = ", ".join(f"{call} {number:.3g}" for call, number in
                         sorted(calls.items(), key=lambda item: -item[1])) if calls else "-"
        cells.append([name, f"{instructions:.1f}" if instructions is not None else "-",
                      f"{sum(calls.values()):.2f}" if calls else "-", "  " + text])
    width = max([len(row[3]) for row in cells], default=0)
    table(["", "instructions", "calls", "".ljust(width)],
          [[*row[:3], row[3].ljust(width)] for row in cells])


def print_micro(rows):
    print("The pieces")
    cells = []
    for row in rows:
        name = row["what"] + (f", {row['n']:,} tasks" if row["test"] in ("mem", "events") else "")
        goal = "-"
        if row["goal"] is not None:
            goal = f"{row['goal']} " + ("met" if row["median"] <= row["goal"] else "MISSED")
        cells.append([name, f"{row['median']:,.2f}", row["unit"],
                      f"{row['min']:,.2f}..{row['max']:,.2f}", goal])
    table(["", "median", "", "range", "goal"], cells)


def print_streams(streams):
    print("Streams")
    rows = []
    for idle in streams["idle"]:
        rows.append([f"an idle connection of {idle['connections']:,}, {idle['name']}",
                     f"{idle['bytes']:,.0f} bytes", f"+{idle['page_table_bytes']:,.0f} page tables"])
    for loops in streams["loops"]:
        ratio = summary([several / one for one, several in loops["pairs"]])
        rows.append([f"{loops['loops']} loops to one, generator on the same cores, {loops['name']}",
                     f"{ratio['median']:.2f}", f"±{ratio['mad']:.2f}"])
    for many in streams["many"]:
        rows.append([f"{many['connections']:,} open and echoing in one process, {many['backend']}",
                     f"{many['echo_us']:.2f} us an echo",
                     f"open after {many['open_s']:.2f} s, {many['resident_kb'] / 1024:,.0f} MB"])
    table(["", "", ""], rows)


def print_runs(runs, unit):
    """Runs are pairs: how much a second, and CPU microseconds for each. Ratios to the first."""
    reference = next(iter(runs.values()))
    for name, own in runs.items():
        rate = summary([run[0] for run in own])
        cpu = summary([run[1] for run in own])
        rates = summary([a[0] / b[0] for a, b in zip(own, reference)])
        cpus = summary([b[1] / a[1] for a, b in zip(own, reference)])
        print(f"  {name:<22} {rate['median']:>9.0f} ±{rate['mad']:<7.0f} {unit:<5}"
              f"{cpu['median']:8.2f} us"
              f"   by rate {rates['median']:.3f} ±{rates['mad']:.3f}"
              f"   by CPU {cpus['median']:.3f} ±{cpus['mad']:.3f}")


def print_https(results):
    titles = {"handshakes": "HTTPS, TLS 1.3: whole handshakes, each with one request (wrk's side of "
                            "them takes longer: CPU counts)",
              "requests": "HTTPS, TLS 1.3: requests on 64 connections that are kept",
              "large": "HTTPS, TLS 1.3: a body of 8 MiB, 4 connections; CPU for each MB"}
    for kind, title in titles.items():
        print(f"\n{title}; ratios to nginx")
        print_runs(results[kind]["runs"], results[kind]["unit"])


def print_fetch(runs):
    print("\nHTTP client, small GETs from nginx on the other core, 64 at a time; ratios to wrk")
    print_runs(runs, "/s")


def print_http(results):
    for key, title in (("depth_1", "HTTP, 64 connections"), ("depth_16", "pipelined 16 deep")):
        runs = results[key]
        print(f"\n{title}: requests/s, CPU of the server for each; ratios to the {next(iter(runs))}")
        print_runs(runs, "/s")
    for idle in results["idle"]:
        print(f"  idle, {idle['connections']} kept alive, {idle['name']}: {idle['bytes']:.0f} bytes"
              f" of RSS each, and {idle['page_table_bytes']:.0f} of page tables")
    beside = results["beside"]
    print(f"  while fib({beside['number']}) ran for {beside['seconds']:.1f} s in the pool, "
          f"{beside['requests']} others were answered: p50 {beside['p50_ms']:.2f} ms, "
          f"p99 {beside['p99_ms']:.2f} ms, the slowest {beside['max_ms']:.2f} ms")


def print_all(results):
    plan = results["plan"]
    print(EXPLANATION.format(**results["machine"], busy=BUSY_ENOUGH))
    for echo in results["echo"]:
        print_speed(f"Echo, 64 bytes, {echo['connections']} connections, "
                    f"{plan['rounds']} rounds of {plan['seconds']} s", echo["rows"])
    if results["large"]:
        print_speed(f"Echo, 1 MiB, {plan['large_connections']} connections, "
                    f"{plan['large_rounds']} rounds of {plan['seconds']} s",
                    results["large"], large=True)
    if results["counts"]:
        print_counts(results["counts"])
    if results["micro"]:
        print_micro(results["micro"])
    if results.get("streams"):
        print_streams(results["streams"])
    if results.get("http"):
        print_http(results["http"])
    if results.get("https"):
        print_https(results["https"])
    if results.get("fetch"):
        print_fetch(results["fetch"])
