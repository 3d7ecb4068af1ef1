"""Every way out of a kernel that we know of, a cell each, for every transform of a value.

In the kernel `V` is the value, `T` what the transforms make of it, and `ALL` these as one text.
"""

from __future__ import annotations

from pathlib import Path

TRANSFORMS = Path(__file__).parents[1] / "masking" / "transforms.py"

SETUP = f"""
import os, sys, runpy, json, threading, asyncio, logging, warnings, subprocess, ctypes
from IPython.display import *
made = runpy.run_path({str(TRANSFORMS)!r})
V = os.environ["CANARY"]
T = [t(V) for t in (made["CAUGHT"] | made["CAUGHT_IF_RANDOM"]).values()]
ALL = "\\n~~~\\n".join(T)
"""

CHANNELS = {
    "print": "print(ALL)",
    "stderr": "print(ALL, file=sys.stderr)",
    "writelines": "sys.stdout.writelines(T)",
    "last value": "T",
    "last value, a string": "ALL",
    "last value, a dictionary": "{each: 1 for each in T}",
    "last value, bytes": "[each.encode() for each in T]",
    "display": "for each in T: display(each)",
    "display, HTML": "display(HTML(f'<pre>{ALL}</pre>'))",
    "display, Markdown": "display(Markdown(ALL))",
    "display, LaTeX": "display(Latex(ALL))",
    "display, JSON": "display(JSON({'a': [{'b': T}]}))",
    "display, JSON, names": "display(JSON({each: None for each in T}))",
    "display, numbers": "display(JSON(list(V.encode())))",
    "display, a MIME type of one's own": "display({'application/x-own': ALL, 'text/plain': 'own'}, raw=True)",
    "display, metadata": "display('x', metadata={'own': {'deep': T}})",
    "update_display": "h = display('x', display_id=True); h.update(ALL); update_display(HTML(ALL), display_id=h.display_id)",
    "clear_output": "print(ALL); clear_output(wait=True); print(ALL)",
    "a thread's print": "t = threading.Thread(target=print, args=(ALL,)); t.start(); t.join()",
    "a thread's display": "t = threading.Thread(target=display, args=(ALL,)); t.start(); t.join()",
    "eight threads": "ts = [threading.Thread(target=lambda: [print(each) for each in T]) for _ in range(8)]; [t.start() for t in ts]; [t.join() for t in ts];",
    "asyncio": "async def show(): print(ALL); await asyncio.sleep(0); display(ALL)\nawait asyncio.gather(show(), show());",
    "logging": "logging.getLogger('x').error('%s', ALL)",
    "warnings": "warnings.warn(V + ' ' + V[::-1])",
    "traceback": "raise ValueError(ALL)",
    "traceback, a key": "{}[ALL]",
    "traceback, cause": "try:\n    raise KeyError(ALL)\nexcept KeyError as e:\n    raise ValueError('x') from e",
    "traceback, context": "try:\n    raise KeyError(ALL)\nexcept KeyError:\n    raise ValueError(V)",
    "traceback, note": "e = ValueError('x'); e.__notes__ = T\nraise e",
    "traceback, group": "raise getattr(__builtins__, 'ExceptionGroup', ValueError)(V, [KeyError(each) for each in T])",
    "traceback, locals": "def f(secret): 1 / 0\nget_ipython().run_line_magic('xmode', 'Verbose')\nf(ALL)",
    "traceback, source": "get_ipython().run_line_magic('xmode', 'Context')\nimport linecache; s = f'x = {V!r}; 1/0'; linecache.cache['own.py'] = (len(s), None, [s], 'own.py'); exec(compile(s, 'own.py', 'exec'))",
    "SyntaxError": "compile(f'{V!r} = = 1', 'own.py', 'exec')",
    "sys.exc_info": "import traceback\ntry:\n    raise ValueError(ALL)\nexcept ValueError:\n    traceback.print_exc()",
    "os.write to stdout": "os.write(1, ALL.encode('utf-8', 'surrogatepass') + b'\\n');",
    "os.write to stderr": "os.write(2, ALL.encode('utf-8', 'surrogatepass') + b'\\n');",
    "C code": "ctypes.CDLL(None).puts(ALL.replace('\\0', '').encode()); ctypes.CDLL(None).fflush(None);",
    "os.system": "os.environ['ALL'] = ALL.replace('\\0', ''); os.system('printf %s \"$ALL\"; echo \"$CANARY\" >&2');",
    "subprocess": "subprocess.run(['sh', '-c', 'printf %s \"$ALL\"; echo \"$CANARY\" | base64']);",
    "subprocess to sys.stdout": "subprocess.run(['sh', '-c', 'printf %s \"$ALL\"'], stdout=sys.stdout, stderr=sys.stderr);",
    "!": "!printf %s \"$ALL\"; echo $CANARY | rev",
    "!, captured": "lines = !echo $CANARY\nlines",
    "%%bash": "%%bash\nprintf %s \"$ALL\"; echo $CANARY | od -An -tx1",
    "%whos": "%whos",
    "%who_ls and globals": "list(globals().items())[-40:]",
    "%history": "%history -n -o",
    "%pdoc": "class W: pass\nW.__doc__ = ALL\n%pdoc W",
    "?": "V?",
    "??": "ALL??",
    "%env": "%env CANARY",
    "%env, all": "%env",
    "os.environ": "os.environ",
    "%page": "%page ALL",
    "%pprint": "from pprint import pprint; pprint(T); pprint({'a': T})",
    "rich": "import rich; rich.print(T); rich.print(f'[red]{V[:9]}[/red][blue]{V[9:]}[/blue]')",
    "a table": "import numpy; numpy.array([V, V])",
    "numbers of numpy": "import numpy; numpy.frombuffer(V.encode(), 'u1')",
    "a widget": "import ipywidgets\nw = ipywidgets.Textarea(value=ALL); display(w)",
    "a widget, changed": "w.value = ALL + ' '; w.description = V",
    "a widget's bytes": "display(ipywidgets.Image(value=V.encode(), format=V))",
    "a comm": "from comm import create_comm\nc = create_comm(target_name='own', data={'v': T}); c.send({'v': ALL}, buffers=[ALL.encode('utf-8', 'surrogatepass')]); c.close({'v': V})",
    "the next cell": "get_ipython().set_next_input(ALL)",
    "set_custom_exc": "get_ipython().showtraceback((ValueError, ValueError(ALL), None))",
    "capture and show": "from IPython.utils.capture import capture_output\nwith capture_output() as c: print(ALL)\nc.show()",
    "%%capture": "%%capture got\nprint(ALL); display(V)",
    "shown again": "got.show()",
    "after the cell": "import time\nthreading.Timer(0.2, print, (ALL,)).start()\ntime.sleep(0)",
    "waiting": "time.sleep(1)",
}  # fmt: skip

#: Pieces of a value, with what flushes between.
SPLITS = {
    "every cut in two": "for n in range(len(V) + 1):\n    print('<', V[:n], sep='', end='', flush=True); print(V[n:], '>', sep='', flush=True)",
    "one character at a time": "for c in V: print(c, end='', flush=True)\nprint()",
    "with a pause": "print(V[:20], end='', flush=True); time.sleep(0.5); print(V[20:])",
    "stdout and stderr in turn": "for n in range(0, len(V), 9):\n    print(V[:n], end='', flush=True); print(V[:n], end='', file=sys.stderr, flush=True); print(V[n:], flush=True); print(V[n:], file=sys.stderr, flush=True)",
    "os.write, every cut in two": "for n in range(len(V) + 1):\n    os.write(1, f'<{V[:n]}'.encode()); time.sleep(0.002); os.write(1, f'{V[n:]}>\\n'.encode())",
    "at 1,000 bytes": "for n in range(950, 1001, 3): os.write(1, b'.' * n + V.encode() + b'\\n')",
    "at 1,000 bytes, forms": "os.write(1, ('.' * 970 + ALL).encode('utf-8', 'surrogatepass'));",
    "a value within its beginning": "print(V[:24], end='', flush=True); print(V)",
    "carriage returns": "for n in range(5): print(f'\\r{n} {V}', end='', flush=True); time.sleep(0.05)",
    "100,000 small prints": "for n in range(100_000): print(n, end=' ')\nprint(V)",
    "a flood of values": "print(V * 20_000)",
}  # fmt: skip
