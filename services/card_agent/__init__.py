"""丙 the designated card agent (指定代理納付者): one code base, an instance for each of JCB and UC.

Promises: every authorization it is asked for is answered as the card company answers it, and nothing stays held for
one that was reversed; what it has taken on is deposited with its closing, once, or withdrawn before that closing is
issued; each statement's breakdown adds up to its total. It breaks these promises about settlement where it is asked to
(異常), believes that it kept them, and makes good when it is told to look. A card number is typed to it alone, and it
keeps none (非保持化).
Consumes: the provider's requests to this agent (authorization, entrustment, reversal); its own timers.
Publishes: authorization results, proxy payments, and settlements: closing statements and deposits.
"""
