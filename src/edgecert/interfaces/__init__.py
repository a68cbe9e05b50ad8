"""The promises between edgecert's use cases and the adapters that touch the world.

Everything here is synchronous. An adapter may use threads inside one call; when the call returns, they are gone.
"""

from edgecert.interfaces.deploying import (
    DEPLOY_AS_USUAL,
    CloseOldStreams,
    Deployer,
    DeployOptions,
    ListenerReport,
    Prober,
    Served,
    Verification,
)
from edgecert.interfaces.helping import (
    KeySource,
    Notifier,
    Progress,
    Standing,
    WatchesStandings,
    WatchesWaits,
)
from edgecert.interfaces.issuing import (
    ChallengeSolver,
    Informing,
    Issued,
    IssueOrder,
    Issuer,
    Locating,
    Preparing,
    Waiting,
)
from edgecert.interfaces.prechecking import (
    CaFacts,
    CaKnowledge,
    Resolver,
)
from edgecert.interfaces.renewing import (
    RenewalRecords,
    ScanRecords,
    Seen,
)
from edgecert.interfaces.revoking import (
    BlockedKeys,
    RevokedBy,
    Revoker,
)
from edgecert.interfaces.store import (
    CertificateStore,
    Deployment,
    Deployments,
    OpenRequest,
    PruneReport,
    RequestState,
    SavedSettings,
    Staged,
    TargetVerdict,
)

__all__ = [
    "DEPLOY_AS_USUAL",
    "BlockedKeys",
    "CaFacts",
    "CaKnowledge",
    "CertificateStore",
    "ChallengeSolver",
    "CloseOldStreams",
    "DeployOptions",
    "Deployer",
    "Deployment",
    "Deployments",
    "Informing",
    "IssueOrder",
    "Issued",
    "Issuer",
    "KeySource",
    "ListenerReport",
    "Locating",
    "Notifier",
    "OpenRequest",
    "Preparing",
    "Prober",
    "Progress",
    "PruneReport",
    "RenewalRecords",
    "RequestState",
    "Resolver",
    "RevokedBy",
    "Revoker",
    "SavedSettings",
    "ScanRecords",
    "Seen",
    "Served",
    "Staged",
    "Standing",
    "TargetVerdict",
    "Verification",
    "Waiting",
    "WatchesStandings",
    "WatchesWaits",
]
