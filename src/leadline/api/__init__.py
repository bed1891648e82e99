"""The HTTP door: company signals as the contract's clients speak them."""
