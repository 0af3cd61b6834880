"""The wiring: builds services from settings, gives each door its use cases and the command line its launchers.

main()        the command `counterfoil` (commands.py)
serve()       the parent of the serving processes (serving.py)
worker()      what granian loads in each serving process (serving.py)
services.py   every use case, for commands and serving processes alike
doors.py      the gateway, the management API and the pages
"""

from counterfoil.bootstrap.commands import main

__all__ = ["main"]
