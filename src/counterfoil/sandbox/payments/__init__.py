"""Local counterparts of payment providers: Stripe, epay, Alipay and WeChat Pay, with real signatures."""
