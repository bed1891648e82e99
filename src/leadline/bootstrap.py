"""The wiring: the one place that knows which real part stands behind which port."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from uuid import UUID

from leadline.accounts.service import default_organisation
from leadline.company_lists.service import Members
from leadline.connections.schemas import Health, Linked
from leadline.connections.service import SALES_NAVIGATOR, ConnectionService
from leadline.connections.tasks import HealthChecks
from leadline.connectors.language_models.choice import PROVIDERS, ChosenModel, ModelChoice, model_choice
from leadline.connectors.language_models.choosing import choose_model
from leadline.connectors.mail.dns import DnsMailRouter
from leadline.connectors.mail.smtp import SmtpProbe
from leadline.connectors.pages.direct import DirectPageFetcher
from leadline.connectors.people.closed import ClosedDirectory
from leadline.connectors.people.unipile.account import Account, Pace
from leadline.connectors.people.unipile.accounts import UnipileAccounts
from leadline.connectors.people.unipile.directory import UnipileDirectory
from leadline.connectors.people.unipile.health import closed, told
from leadline.connectors.sandbox.children import PREPARE, ChildSandbox, SandboxedReader
from leadline.contact_lists.service import ContactLists, ListedPeople
from leadline.contact_research.directories import EntryLookup
from leadline.contact_research.people import ResearchedPeople
from leadline.contact_research.service import ContactResearchService
from leadline.contact_research.tasks import Researching
from leadline.contacts.service import (
    Apart,
    ContactSearch,
    Directories,
    LocalDirectory,
    Privacy,
    WithoutErased,
)
from leadline.credits.service import Ledger
from leadline.emails.service import EmailFinder
from leadline.events.service import Sequencer
from leadline.evidence.service import StoredLibrary, StoredRobots
from leadline.foundation.child_processes.pool import ChildPool
from leadline.foundation.database import Database
from leadline.foundation.errors import ConfigurationError
from leadline.foundation.http import GuardedClient, Limits, guarded_async_client, user_agent
from leadline.foundation.network import NetworkPolicy
from leadline.foundation.opening import open_database
from leadline.foundation.secrets import open_vault
from leadline.foundation.settings import Settings, environment_of_children
from leadline.foundation.waiter import Waiter
from leadline.idempotency.service import IdempotencyService
from leadline.labels.service import LabelledPeople
from leadline.research.engine import Engine
from leadline.research.model import Budget
from leadline.research.people import DirectoryError, PeopleDirectory
from leadline.research.ports import Progress, Sandbox
from leadline.research.readers.language_model import LanguageModelReader
from leadline.research.sources.own_site import OwnSite
from leadline.signals.asked_people import AskedPeople
from leadline.signals.checking import Checker
from leadline.signals.comparing import Comparing
from leadline.signals.contacts import Contacts
from leadline.signals.people import NamedPeople
from leadline.signals.profiling import Profiling
from leadline.signals.proving import Proving
from leadline.signals.replaying import Replaying
from leadline.signals.schemas import QuoteCheck, Signal, SignalRequest, SignalTrace
from leadline.signals.service import RunService, SignalService
from leadline.signals.snapshots import Snapshots
from leadline.signals.tasks import Answering, Readers
from leadline.subscriptions.actions import ActionService
from leadline.subscriptions.service import SubscriptionService
from leadline.subscriptions.tasks import Running, Scheduler
from leadline.summaries.service import SummaryService
from leadline.summaries.tasks import Summarising
from leadline.webhooks.service import WebhookService
from leadline.webhooks.tasks import Delivering
from leadline.work.service import HEARTBEAT, LEASE, WorkService


class Leadline:
    """An open Leadline: its settings, database and services. Made by ``open_leadline``."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        signals: SignalService,
        proving: Proving,
        snapshots: Snapshots,
        replaying: Replaying,
        runs: RunService,
        subscriptions: SubscriptionService,
        summaries: SummaryService,
        contacts: ContactSearch,
        privacy: Privacy,
        work: WorkService,
        webhooks: WebhookService,
        sequencer: Sequencer,
        ledger: Ledger,
        emails: EmailFinder,
        contact_research: ContactResearchService,
        idempotency: IdempotencyService,
        connections: ConnectionService,
        model: ChosenModel | None,
        pool: ChildPool,
    ) -> None:
        self.settings = settings
        self.database = database
        self.ledger = ledger
        self.signals = signals
        self.proving = proving
        self.snapshots = snapshots
        self.replaying = replaying
        self.runs = runs
        self.subscriptions = subscriptions
        self.scheduler = Scheduler(subscriptions)
        self.actions = ActionService(database, webhooks)
        self.summaries = summaries
        self.contacts = contacts
        self.privacy = privacy
        self.contact_lists = ContactLists(database, contacts, seconds=settings.contact_list_seconds)
        self.work = work
        self.webhooks = webhooks
        self.sequencer = sequencer
        self.ledger = ledger
        self.emails = emails
        self.contact_research = contact_research
        self.idempotency = idempotency
        self.connections = connections
        self.health_checks = HealthChecks(connections)
        self.waiter = Waiter(database.dedicated)
        self.reserved_hosts = frozenset(settings.connect_to)
        self.model = model
        self._pool = pool
        self._organisation: UUID | None = None

    async def organisation(self) -> UUID:
        """The organisation that works without a key: the command line's and the library's."""
        if self._organisation is None:
            self._organisation = await default_organisation(self.database.repeatable)
        return self._organisation

    async def ask(
        self, request: SignalRequest, *, reader: str = "auto", progress: Progress | None = None
    ) -> Signal:
        """Ask a question and wait for its answer. Raises LeadlineError."""
        await self.prepare()
        return await self.signals.ask(await self.organisation(), request, reader=reader, progress=progress)

    async def prepare(self) -> None:
        """Begin to load what answering needs, beside everything else; without this the first page waits for it."""
        await self._pool.start()

    async def trace(self, signal_id: str) -> SignalTrace:
        """How a signal came to its answer. Raises NotFound."""
        return await self.signals.trace(await self.organisation(), signal_id)

    async def verify(self, signal_id: str) -> tuple[QuoteCheck, ...]:
        """Re-check every quote of a signal offline. Raises NotFound."""
        return await self.signals.verify(await self.organisation(), signal_id)


@asynccontextmanager
async def open_leadline(
    settings: Settings, *, reading: bool = False, directories: Directories | None = None
) -> AsyncIterator[Leadline]:
    """Everything wired by ``settings``; closed at the end of the block. ``reading``: see ``open_database``.
    ``directories``: where people are looked up, instead of the directories that an organisation has.

    Raises ConfigurationError when a setting is wrong, DatabaseUnavailable when the database does not answer.
    """
    choice = chosen_model(settings)
    async with AsyncExitStack() as stack:
        agent = user_agent(version("leadline"), settings.contact)
        policy = NetworkPolicy(
            allow_networks=settings.allow_networks,
            connect_to={host: (where.address, where.port) for host, where in settings.connect_to.items()},
        )
        client = await stack.enter_async_context(
            GuardedClient(
                policy, agent, limits=Limits(total=settings.fetch_timeout, body=settings.max_page_bytes)
            )
        )
        pool = await stack.enter_async_context(
            ChildPool(size=_children(), prepare=[PREPARE], environment=environment_of_children())
        )
        model = await _open_model(stack, settings, choice, policy, agent) if choice is not None else None
        database = await stack.enter_async_context(open_database(settings, reading=reading))
        hook_policy = NetworkPolicy(allow_networks=settings.allow_networks)
        hooks = await stack.enter_async_context(guarded_async_client(hook_policy, agent, max_bytes=65_536))
        vault = open_vault(settings.secret_key, settings.data_dir)
        webhooks = WebhookService(database, vault, hook_policy)
        vendors = await stack.enter_async_context(guarded_async_client(hook_policy, agent))
        unipile = UnipileAccounts(vendors, _pace(settings))

        async def check(linked: Linked) -> Health:
            return Health(*await unipile.check(_account(linked)))

        connections = ConnectionService(database, vault, hook_policy, {SALES_NAVIGATOR: check})
        sequencer = Sequencer(database, [webhooks.on_events])
        sandbox = ChildSandbox(pool)
        fetcher = DirectPageFetcher(
            client, host_concurrency=settings.host_concurrency, shared_robots=StoredRobots(database)
        )
        library = StoredLibrary(
            database, fetcher, sandbox, freshness=timedelta(hours=settings.page_freshness_hours)
        )
        stack.push_async_callback(library.aclose)
        readers = Readers(
            extractive=lambda: SandboxedReader(sandbox), model=model, model_reader=LanguageModelReader
        )
        ledger = Ledger(monthly_credits=settings.monthly_credits)
        reserved_hosts = frozenset(settings.connect_to)
        budget = Budget(
            max_pages=settings.max_pages,
            max_seconds=settings.question_seconds,
            max_tokens=settings.max_model_tokens,
            max_price=settings.max_model_price,
        )

        def of_account(linked: Linked, organisation_id: UUID) -> PeopleDirectory:
            seen = _sales_navigator(linked, unipile, connections)
            return WithoutErased(seen, database.repeatable, organisation_id)

        async def its_directories(organisation_id: UUID, key_id: UUID | None = None) -> list[PeopleDirectory]:
            local = LocalDirectory(database, organisation_id)
            linked = await connections.linked(organisation_id, key_id)
            return [
                *([local] if await local.answers() else []),
                *([of_account(linked, organisation_id)] if linked is not None else []),
            ]

        directories = directories or its_directories
        answering = Answering(
            database,
            library,
            Engine(
                library,
                [
                    OwnSite(library, sandbox),  # sources, in the order in which they are asked
                ],
                sandbox,
            ),
            readers,
            ledger,
            Contacts(database.repeatable, directories, reserved_hosts=reserved_hosts),
            Comparing(database, library),
            Profiling(database, library, sandbox),
            budget=budget,
            reserved_hosts=reserved_hosts,
        )
        checker = Checker(reserved_hosts, webhooks.refusal)
        runs = RunService(
            database,
            checker,
            readers,
            ledger,
            default_pages=settings.max_pages,
            price=settings.signal_price,
        )
        summaries = SummaryService(database, model, budget, reserved_hosts)
        subscriptions = SubscriptionService(database, runs, Members(), ledger, lambda: work.poke())
        researching = Researching(
            database,
            [OwnSite(library, sandbox)],
            EntryLookup(directories, library),
            sandbox,
            model,
            ledger,
            budget=budget,
            reserved_hosts=reserved_hosts,
        )
        work = WorkService(
            database,
            [
                answering.kind(
                    organisation_cap=settings.organisation_concurrency, reader_cap=settings.reader_concurrency
                ),
                Delivering(database, hooks, webhooks).kind(),
                Running(database, subscriptions, runs).kind(),
                Summarising(database, summaries).kind(),
                researching.kind(organisation_cap=settings.organisation_concurrency),
            ],
            lease=settings.lease_seconds,
            heartbeat=settings.lease_seconds * HEARTBEAT / LEASE,
        )
        signals = SignalService(
            database,
            library,
            readers,
            webhooks,
            ledger,
            answering,
            work,
            checker,
            default_pages=settings.max_pages,
            cache=timedelta(hours=settings.cache_hours),
            price=settings.signal_price,
        )
        research = ContactResearchService(
            database,
            researching,
            library,
            webhooks,
            ledger,
            work,
            price=settings.research_price,
            reserved_hosts=reserved_hosts,
        )
        # What each room holds of people, to be shown and erased: one line for each.
        privacy = Privacy(
            database,
            [
                ListedPeople(),
                AskedPeople(library, ledger),
                ResearchedPeople(research),
                NamedPeople(),
                LabelledPeople(),
            ],
        )
        yield Leadline(
            settings,
            database,
            signals,
            Proving(database, library),
            Snapshots(database, library, [research]),
            Replaying(database, library, sandbox, readers, answering),
            runs,
            subscriptions,
            summaries,
            ContactSearch(directories),
            privacy,
            work,
            webhooks,
            sequencer,
            ledger,
            _email_finder(settings, database, library, OwnSite(library, sandbox), ledger, hook_policy),
            research,
            IdempotencyService(database, vault),
            connections,
            model,
            pool,
        )


def _pace(settings: Settings) -> Pace:
    """How fast Unipile is asked; all pauses are in proportion."""
    pause = settings.directory_pause
    return Pace(pause / 3, pause, again=pause, busy=3 * pause, timeout=settings.directory_timeout)


def _account(linked: Linked) -> Account:
    return Account(linked.account, linked.address, linked.secret, linked.daily_profiles, linked.daily_results)


def _sales_navigator(
    linked: Linked, unipile: UnipileAccounts, connections: ConnectionService
) -> PeopleDirectory:
    """The people whom a linked account sees; why it sees none while its owner, or the operator, has to act."""
    if not linked.usable:
        return ClosedDirectory(UnipileDirectory.name, *closed(linked.status))

    async def noticed(error: DirectoryError) -> None:
        await connections.noticed(linked.id, Health(*told(error)))

    return Apart(unipile.directory(linked.id, _account(linked), connections.usage(linked), noticed))


def _email_finder(
    settings: Settings,
    database: Database,
    library: StoredLibrary,
    site: OwnSite,
    ledger: Ledger,
    policy: NetworkPolicy,
) -> EmailFinder:
    server = None
    if settings.dns_server is not None:
        address, _, port = settings.dns_server.rpartition(":")
        server = (address.strip("[]"), int(port))
    router = DnsMailRouter(server)
    probe = None
    if settings.email_smtp_sender is not None:
        probe = SmtpProbe(policy, router.addresses, settings.email_smtp_sender, port=settings.email_smtp_port)
    return EmailFinder(
        database,
        library,
        site,
        router,
        probe,
        ledger,
        price=settings.email_price,
        reserved_hosts=frozenset(settings.connect_to),
    )


@asynccontextmanager
async def open_sandbox() -> AsyncIterator[Sandbox]:
    """Where pages are read with nothing else at hand: no database, no network."""
    async with ChildPool(size=1, prepare=[PREPARE], environment=environment_of_children()) as pool:
        yield ChildSandbox(pool)


def _children() -> int:
    """Processes that read pages: one for each processor, and one that is never held by sites made to hurt."""
    return min(8, max(2, os.cpu_count() or 1))


def local_model_servers() -> dict[str, str]:
    """Where servers of language models listen on this machine unless they are told otherwise, by provider."""
    return {
        name: provider.base_url
        for name, provider in PROVIDERS.items()
        if provider.base_url and "//127.0.0.1:" in provider.base_url
    }


def chosen_model(settings: Settings) -> ModelChoice | None:
    """The language model these settings name. Raises ConfigurationError saying what to write instead."""
    if settings.model is None:
        return None
    return model_choice(
        settings.model,
        base_url=settings.model_base_url,
        api_key=settings.model_api_key,
        context_tokens=settings.model_context_tokens,
        concurrency=settings.model_concurrency,
        timeout=settings.model_timeout,
        structured=settings.model_structured_mode,
        input_price=settings.model_input_price,
        output_price=settings.model_output_price,
    )


async def _open_model(
    stack: AsyncExitStack, settings: Settings, choice: ModelChoice, policy: NetworkPolicy, agent: str
) -> ChosenModel:
    trusted = policy.trusting(choice.origin) if choice.origin else policy.trusting()
    http = await stack.enter_async_context(guarded_async_client(trusted, agent, timeout=choice.timeout))
    model = choose_model(choice, http=http, data_dir=settings.data_dir)
    stack.push_async_callback(model.close)
    if settings.max_model_price is not None and model.price(1, 1) is None:
        raise ConfigurationError(
            f"LEADLINE_MAX_MODEL_PRICE cannot be kept: the price of {model.name} is not known. "
            "State LEADLINE_MODEL_INPUT_PRICE and LEADLINE_MODEL_OUTPUT_PRICE (US dollars per million tokens)."
        )
    return model
