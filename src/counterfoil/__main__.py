"""`python -m counterfoil` is the command `counterfoil`."""

from counterfoil.bootstrap import main

main()
