"""`python -P -m services.console` is the command `sansha`."""

from services.console.cli.app import main

if __name__ == "__main__":
    main()
