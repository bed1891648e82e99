"""Where steps that compute on foreign pages are done: ``children`` does them in processes that can be killed."""
