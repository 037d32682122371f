// SPDX-License-Identifier: GPL-2.0
/*
 * Until there are connectors: nobody is told.
 */
#include "api.h"

void api_connector_qp_failed(struct ndk_kqp *qp)
{
}

void api_connector_qp_established(struct ndk_kqp *qp)
{
}

void api_connectors_removal(struct ndk_adapter *adapter)
{
}
