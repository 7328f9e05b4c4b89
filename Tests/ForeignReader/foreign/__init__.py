"""A reader of DARE envelopes and sequences, written from the specification alone: it shares no code with the Swift package."""
