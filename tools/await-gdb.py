# SPDX-License-Identifier: MIT
"""gdb commands that show the tasks of libawait, in a live process or in a core file.

    (gdb) source tools/await-gdb.py
    (gdb) await tasks                every task of the selected thread's loop: what it waits for
    (gdb) await bt ID|NAME [ARGS]    the whole stack of one, as `bt ARGS` prints it
    (gdb) await bt all [ARGS]        of every one

For all threads: `thread apply all -s -- await tasks`. The library needs debug information (-g),
which its default build has; optimisation does not matter.

A parked task's stack is shown by an unwinder of our own: for the time of one `bt` it claims that
the thread's frame 0 was called from where the task stopped, and gdb walks on from there. No
register is written and nothing is run, so it works on a core file too. (On one that the kernel
wrote: gdb's own gcore may leave out stacks, because it gives up where it meets a guard.)
"""

import re
import time

import gdb
import gdb.unwinder

REGISTERS = {  # architecture: the registers that a task's context keeps, as (sp, ip, fp)
    "i386:x86-64": ("rsp", "rip", "rbp"),
    "aarch64": ("sp", "pc", "x29"),
}


def architecture():
    frame = gdb.selected_frame() if gdb.selected_thread() else None
    name = frame.architecture().name() if frame else ""
    if name not in REGISTERS:
        raise gdb.GdbError(f"await: only x86-64 and aarch64 are known here, not {name or 'this'}")
    return name


def variable(name):
    symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
    if symbol is None:
        raise gdb.GdbError("await: the program has no libawait with debug information (-g)")
    return symbol.value()


def current_loop():
    """The loop that runs in the selected thread."""
    try:
        loop = variable("loop_current")
        loop.fetch_lazy()
    except gdb.error:
        # No thread-local storage where libthread_db cannot help; the loop that listens to Ctrl-C is
        # the main thread's.
        loop = variable("interrupted_loop")
    if not int(loop):
        raise gdb.GdbError("await: no loop runs in this thread")
    return loop.dereference()


def container(link, type_name, member):
    target = gdb.lookup_type(type_name)
    offset = next(field.bitpos // 8 for field in target.fields() if field.name == member)
    return gdb.Value(int(link) - offset).cast(target.pointer()).dereference()


def entries(head, type_name, member):
    link = head["first"]
    while int(link):
        following = link.dereference()["next"]
        yield container(link, type_name, member)
        link = following


def tasks():
    loop = current_loop()
    if loop["active"]:
        yield loop["root"]
    for group in entries(loop["groups"], "struct async_group", "in_loop_"):
        yield from entries(group["children_"], "struct async_task", "sibling")


def name_of(task):
    if int(task["name"]):
        return task["name"].string()
    number = int(task["id"])
    return f"{task['site'].string().split(' ')[0]}-{number}" if number else "main"


def is_task(task, wanted):
    return wanted in (str(int(task["id"])), name_of(task))


def seconds(nanoseconds):
    return f"{nanoseconds / 1e9:.3f} s"


def now_ns(loop):
    """The process's clock is ours when it is alive and on this machine."""
    target = gdb.selected_inferior().connection
    if loop["backend"]["virtual_clock"] or target is None or target.type != "native":
        return int(loop["now_ns"])
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def object_of(task, wait):
    """What is waited for, in words."""
    kind = wait["kind"]["name"].string()
    if kind == "input/output":
        operation = container(wait.address, "struct operation", "wait")
        codes = gdb.lookup_type("enum operation_code")
        code = str(operation["code"].cast(codes)).replace("OP_", "await_").lower()
        return f"{code} on descriptor {int(operation['fd'])}"
    if kind == "await_sleep":
        deadline = container(wait.address, "struct sleep", "wait")["timer"]["deadline_ns"]
        return f"await_sleep of {seconds(int(deadline) - int(wait['since_ns']))}"
    if kind == "await_group":
        group = wait["object"].cast(gdb.lookup_type("struct async_group").pointer())
        return f"await_group for {int(group['running_'])} children of {group['site_'].string()}"
    if int(wait["object"]):
        return f"{kind} on {wait['object'].format_string(symbols=True)}"
    return kind


def state_of(task):
    loop = task["loop"]
    if task["done"]:
        return f"ended with {int(task['result'])}"
    if int(task["wait"]):
        wait = task["wait"].dereference()
        since = now_ns(loop) - int(wait["since_ns"])
        return f"waits: {object_of(task, wait)}, for {seconds(max(since, 0))}"
    if loop["running"] == task.address:
        return "runs"
    return "is ready" if task["begun"] else "is new"


class ParkedUnwinder(gdb.unwinder.Unwinder):
    """Puts a task's saved registers in place of the thread's frame 1."""

    class FrameId:
        def __init__(self, sp, pc):
            self.sp, self.pc = sp, pc

    def __init__(self):
        super().__init__("libawait-parked-task")
        self.context = None

    def __call__(self, pending):
        if self.context is None:
            return None
        sp, ip, fp = REGISTERS[pending.architecture().name()]
        here = int(pending.read_register(sp)), int(pending.read_register(ip))
        if here != self.innermost:
            return None
        # gdb insists on stacks that grow from frame to frame, so frame 0 gets an address below.
        below = gdb.Value(int(self.context["sp"]) - 16).cast(self.context["sp"].type)
        info = pending.create_unwind_info(self.FrameId(below, pending.read_register(ip)))
        for register, field in ((sp, "sp"), (ip, "ip"), (fp, "fp")):
            value = self.context[field].cast(pending.read_register(register).type)
            info.add_saved_register(register, value)
        return info

    def backtrace(self, context, arguments):
        """What `bt` prints when the thread's frame 0 is left away."""
        sp, ip, _ = REGISTERS[architecture()]
        selected = gdb.selected_frame()
        level = selected.level()
        frame = gdb.newest_frame()
        self.innermost = int(frame.read_register(sp)), int(frame.read_register(ip))
        self.context = context
        try:
            gdb.invalidate_cached_frames()
            if arguments.isdecimal():
                arguments = str(int(arguments) + 1)  # frames, and the one that is left away
            text = gdb.execute("backtrace " + arguments, to_string=True)
        finally:
            self.context = None
            gdb.invalidate_cached_frames()
            gdb.execute(f"frame {level}", to_string=True)
        lines = text.splitlines()
        heads = [i for i, line in enumerate(lines) if line.startswith("#")]
        if len(heads) > 1 and lines[heads[0]].startswith("#0 "):
            del lines[:heads[1]]
        return "\n".join(re.sub(r"^#(\d+)( *)", self.renumber, line) for line in lines)

    @staticmethod
    def renumber(match):
        number = "#" + str(int(match.group(1)) - 1)
        return number.ljust(len(match.group(0)))


PARKED = ParkedUnwinder()
gdb.unwinder.register_unwinder(None, PARKED, replace=True)


class Await(gdb.Command):
    """Tasks of libawait: await tasks, await bt ID|NAME|all."""

    def __init__(self):
        super().__init__("await", gdb.COMMAND_STACK, prefix=True)


class AwaitTasks(gdb.Command):
    """Tasks of the selected thread's loop: id, name, where it was made, what it waits for."""

    def __init__(self):
        super().__init__("await tasks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for task in tasks():
            print(f"{int(task['id']):>6}  {name_of(task)} ({task['site'].string()}) "
                  f"{state_of(task)}")


class AwaitBacktrace(gdb.Command):
    """Stack of a task: await bt ID|NAME|all [arguments of bt]."""

    def __init__(self):
        super().__init__("await bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        wanted, _, arguments = argument.strip().partition(" ")
        if not wanted:
            raise gdb.GdbError("await bt: which task? An id or a name of `await tasks`, or all")
        chosen = [task for task in tasks() if wanted == "all" or is_task(task, wanted)]
        if not chosen:
            raise gdb.GdbError(f"await bt: no task {wanted} in this thread; see `await tasks`")
        for task in chosen:
            print(f"{name_of(task)} ({task['site'].string()}) {state_of(task)}")
            self.show(task, arguments)

    @staticmethod
    def show(task, arguments):
        if task["loop"]["running"] == task.address:
            gdb.execute("backtrace " + arguments)
        elif not task["begun"]:
            print(f"    will call {task['fn'].format_string(symbols=True)}")
        elif not int(task["context"]["sp"]):
            print("    its stack is switched by ucontext, which this script cannot follow")
        elif not task["done"]:
            print(PARKED.backtrace(task["context"], arguments))


Await()
AwaitTasks()
AwaitBacktrace()
