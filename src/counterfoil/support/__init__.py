"""The support desk: cases with the right facts and without a secret, diagnosed before anybody opens them, settled in the records."""
