from clv.apps.cli import main

main()
