"""`python -P -m services.console` is the command `sansha`."""

from services.console.cli import main

if __name__ == "__main__":
    main()
